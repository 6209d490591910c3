"""What a Python service needs to speak with bgtasks: a decorator that offers tasks and a client that calls them, on pika.

The names and the wire are those of Python bgtasks, so a service that uses that library looks the same without this file.
"""

import json
import uuid

import pika

TASKS = {}


def rpc_tasks(route):
    """Offers a function as a task."""

    def register(handler):
        TASKS[route] = handler
        return handler

    return register


class RPCClient:
    """Calls tasks, wherever they are served. One call at a time."""

    def __init__(self, url, timeout=5):
        self.parameters = pika.URLParameters(url)
        self.timeout = timeout

    def call(self, route, body):
        connection = pika.BlockingConnection(self.parameters)
        try:
            channel = connection.channel()
            replies = channel.queue_declare(queue='', exclusive=True).method.queue
            correlation_id = str(uuid.uuid4())
            channel.basic_publish(
                exchange='',
                routing_key=route,
                properties=pika.BasicProperties(reply_to=replies, correlation_id=correlation_id),
                body=json.dumps(body))
            for _method, properties, reply in channel.consume(
                    replies, auto_ack=True, inactivity_timeout=self.timeout):
                if properties is None:
                    raise TimeoutError('no reply from %s' % route)
                if properties.correlation_id == correlation_id:
                    return json.loads(reply)
        finally:
            connection.close()


def serve(url, on_ready):
    """Serves every registered task until the process is interrupted."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=1)

    def on_request(channel, method, properties, body):
        result = TASKS[method.routing_key](json.loads(body))
        channel.basic_publish(
            exchange='',
            routing_key=properties.reply_to,
            properties=pika.BasicProperties(correlation_id=properties.correlation_id),
            body=json.dumps(result))
        channel.basic_ack(delivery_tag=method.delivery_tag)

    for route in TASKS:
        # Python bgtasks declares its queues as not durable.
        channel.queue_declare(queue=route)
        channel.basic_consume(queue=route, on_message_callback=on_request)
    on_ready()
    try:
        channel.start_consuming()
    except KeyboardInterrupt:
        connection.close()
