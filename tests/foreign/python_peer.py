"""A service in Python, as far as the wire can tell: what Python bgtasks sends and expects, on plain pika.

    python_peer.py client URL          reads one call per line from stdin: {"route": ..., "body": ..., "timeout": seconds}
                                       and answers each with a line: {"reply": ..., "properties": {...}} or {"timeout": true}
    python_peer.py server URL ROUTES   serves {"route": "name of a handler below"}; says {"serving": [...]} when it does
    python_peer.py job-client URL      reads one job per line from stdin, {"key": ..., "body": ...}, and says {"sent": key} to each
    python_peer.py job-server URL KEYS does the jobs of some keys; says {"serving": [...]} when it does, {"key": ..., "body": ...} for each job

All end when stdin closes.
"""

import json
import sys
import threading
import time
import uuid

import pika


def users_by_ids(pks):
    if not isinstance(pks, list):
        message = 'Expected a list of items but got type "%s".' % type(pks).__name__
        return {'status': 'fail', 'data': {'ids': [message]}}
    return {'status': 'success', 'data': [{'id': pk, 'name': 'Žofie 🎉 %d' % pk} for pk in pks]}


HANDLERS = {
    'echo': lambda data, props: data,
    'name': lambda data, props: 'python',
    'nan': lambda data, props: float('nan'),
    'properties': lambda data, props: describe(props),
    'users': lambda data, props: users_by_ids(data),
}


class Client:
    """One call at a time, each with a reply queue of its own, which is polled."""

    SLEEP_TIME = 0.002

    def __init__(self, url):
        self.connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self.connection.channel()
        self.correlation_id = None
        self.answer = None

    def on_reply(self, _channel, _method, props, body):
        if props.correlation_id == self.correlation_id:
            self.answer = (props, body)

    def call(self, route, body, timeout):
        reply_queue = self.channel.queue_declare(queue='', exclusive=True).method.queue
        self.channel.basic_consume(
            queue=reply_queue, on_message_callback=self.on_reply, auto_ack=True)
        self.answer = None
        self.correlation_id = str(uuid.uuid4())
        self.channel.basic_publish(
            exchange='',
            routing_key=route,
            properties=pika.BasicProperties(
                reply_to=reply_queue, correlation_id=self.correlation_id),
            body=json.dumps(body))
        waited = 0
        while self.answer is None:
            time.sleep(self.SLEEP_TIME)
            waited += self.SLEEP_TIME
            if waited >= timeout:
                raise TimeoutError
            self.connection.process_data_events()
        return self.answer


def run_client(url):
    client = Client(url)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            props, body = client.call(command['route'], command['body'], command['timeout'])
        except TimeoutError:
            say({'timeout': True})
        else:
            say({'reply': json.loads(body), 'properties': describe(props)})
    client.connection.close()


def run_server(url, routes, durable):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()

    def on_request(channel, method, props, body):
        result = HANDLERS[routes[method.routing_key]](json.loads(body), props)
        channel.basic_publish(
            exchange='',
            routing_key=props.reply_to,
            properties=pika.BasicProperties(correlation_id=props.correlation_id),
            body=json.dumps(result))
        channel.basic_ack(delivery_tag=method.delivery_tag)

    for route in routes:
        channel.queue_declare(queue=route, durable=durable)
    for route in routes:
        channel.basic_qos(prefetch_count=1)
        channel.basic_consume(queue=route, on_message_callback=on_request)

    def stop_at_end_of_input():
        sys.stdin.read()
        connection.add_callback_threadsafe(channel.stop_consuming)

    threading.Thread(target=stop_at_end_of_input, daemon=True).start()
    say({'serving': list(routes)})
    channel.start_consuming()
    connection.close()


def run_job_client(url):
    for line in sys.stdin:
        job = json.loads(line)
        # A connection for each job, as the original has a client for each.
        connection = pika.BlockingConnection(pika.URLParameters(url))
        channel = connection.channel()
        channel.exchange_declare(exchange='default', exchange_type='topic')
        channel.basic_publish(exchange='default', routing_key=job['key'], body=json.dumps(job['body']))
        connection.close()
        say({'sent': job['key']})


def run_job_server(url, keys, durable):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()

    def on_job(_channel, method, _props, body):
        say({'key': method.routing_key, 'body': json.loads(body)})

    channel.queue_declare(queue='default', durable=durable)
    for key in keys:
        channel.exchange_declare(exchange='default', exchange_type='topic')
        channel.queue_bind(queue='default', exchange='default', routing_key=key)
        channel.basic_consume(queue='default', on_message_callback=on_job, auto_ack=True)

    def stop_at_end_of_input():
        sys.stdin.read()
        connection.add_callback_threadsafe(channel.stop_consuming)

    threading.Thread(target=stop_at_end_of_input, daemon=True).start()
    say({'serving': keys})
    channel.start_consuming()
    connection.close()


def describe(props):
    names = ('content_type', 'content_encoding', 'correlation_id', 'reply_to', 'expiration', 'headers', 'app_id')
    return {name: getattr(props, name) for name in names}


def say(message):
    print(json.dumps(message), flush=True)


if __name__ == '__main__':
    mode, broker, *arguments = sys.argv[1:]
    if mode == 'client':
        run_client(broker)
    elif mode == 'server':
        run_server(broker, json.loads(arguments[0]), durable=arguments[1] == 'durable')
    elif mode == 'job-client':
        run_job_client(broker)
    else:
        run_job_server(broker, json.loads(arguments[0]), durable=arguments[1] == 'durable')
