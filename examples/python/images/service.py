"""The images service, in Python: it owns the images, and asks the users service, in TypeScript, whose they are."""

import os

from rpc import RPCClient, rpc_tasks, serve

URL = os.environ.get('AMQP_URL', 'amqp://guest:guest@127.0.0.1:5672')

IMAGES = [
    {'id': 7, 'path': '/images/7.jpg', 'owner': 1},
    {'id': 8, 'path': '/images/8.jpg', 'owner': 2},
]

rpc_client = RPCClient(URL)


@rpc_tasks('photos.byIds')
def photos_by_ids(pks):
    return {'status': 'success', 'data': [image for image in IMAGES if image['id'] in pks]}


@rpc_tasks('photos.caption')
def caption(pk):
    image = next(image for image in IMAGES if image['id'] == pk)
    # Python calls TypeScript.
    response = rpc_client.call('members.name', image['owner'])
    if response['status'] == 'fail':
        return 'A photo of somebody unknown: %s' % response['data']
    return 'A photo of %s' % response['data']


if __name__ == '__main__':
    serve(URL, on_ready=lambda: print('Ready.', flush=True))
