"""A door before the local server that refuses some calls, as a service does whose client may not make them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import grpc
import grpc.aio

HOST = "127.0.0.1"
OPERATOR = "/temporal.api.operatorservice.v1.OperatorService/"
ADDING = f"{OPERATOR}AddSearchAttributes"


class _Door(grpc.GenericRpcHandler):
    """Passes the bytes of a call and of its answer, which are all one of each."""

    def __init__(self, inner: grpc.aio.Channel, refused: str) -> None:
        self._inner, self._refused = inner, refused

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        method, metadata = details.method, details.invocation_metadata

        async def handle(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
            if method.startswith(self._refused):
                await context.abort(grpc.StatusCode.PERMISSION_DENIED, "Request unauthorized.")
            ours = [(name, value) for name, value in metadata if not name.startswith((":", "grpc-", "user-agent"))]
            try:
                return await self._inner.unary_unary(method)(request, metadata=ours)
            except grpc.aio.AioRpcError as error:
                context.set_trailing_metadata(error.trailing_metadata())
                await context.abort(error.code(), error.details())
                raise

        return grpc.unary_unary_rpc_method_handler(handle)


@asynccontextmanager
async def refusing_door(target: str, refused: str) -> AsyncGenerator[str]:
    """The address of a door to `target` that lets nothing through whose full name begins with `refused`."""
    async with grpc.aio.insecure_channel(target) as inner:
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((_Door(inner, refused),))
        port = server.add_insecure_port(f"{HOST}:0")
        await server.start()
        try:
            yield f"{HOST}:{port}"
        finally:
            await server.stop(grace=None)
