"""A gRPC server with the health service of grpc.health.v1, its messages coded by hand: SERVING as a whole, "sick" is not."""
from concurrent import futures

import grpc

STATES = {b"": 1, b"shop": 1, b"sick": 2}


def check(request, context):
    service = request[2:] if request else b""
    if service not in STATES:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return bytes([8, STATES[service]])


server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
handlers = {"Check": grpc.unary_unary_rpc_method_handler(check)}
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.health.v1.Health", handlers),))
server.add_insecure_port("127.0.0.1:50051")
server.start()
server.wait_for_termination()
