"""TLS of the HTTP port, whose certificate and whose clients' CA are replaced while it listens."""

from __future__ import annotations

import ssl

from gateway.identity.tls import TlsFiles, TlsPaths


class ClientContext(ssl.SSLContext):
    """Asks whoever connects for a certificate of one CA, and takes those who have none."""

    is_replaced = False
    """Whether it is another CA by now."""


class HttpTls:
    """What the HTTP port speaks TLS with.

    A context never forgets a CA, so that another CA needs another context; those who connect are
    given the newest one. Connections that stay open are told by their context to be of an older.
    """

    def __init__(self, paths: TlsPaths, files: TlsFiles) -> None:
        self.paths = paths
        self.files = files
        self._newest = self._made(files)
        self.context = self._newest
        """What the port listens with."""
        if files.client_ca:
            # OpenSSL calls it for those who name no server, too.
            self.context.sni_callback = self._give_newest

    def use(self, files: TlsFiles) -> None:
        """Give others to whoever connects from now on."""
        if files.client_ca == self.files.client_ca:
            self._newest.load_cert_chain(self.paths.certificate, self.paths.key)
        else:
            before, self._newest = self._newest, self._made(files)
            assert isinstance(before, ClientContext), "a CA is never added nor taken away"
            before.is_replaced = True
        self.files = files

    def _give_newest(
        self, connection: ssl.SSLSocket | ssl.SSLObject, _: str | None, __: ssl.SSLContext
    ) -> None:
        connection.context = self._newest

    def _made(self, files: TlsFiles) -> ssl.SSLContext:
        kind = ClientContext if files.client_ca else ssl.SSLContext
        context = kind(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.paths.certificate, self.paths.key)
        if files.client_ca:
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(cadata=files.client_ca)
            # A session that is resumed brings its certificate along, unverified. TLS 1.3 resumes
            # by tickets alone, and none are given out.
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.num_tickets = 0
        return context


def is_replaced(context: ssl.SSLContext | None) -> bool:
    """Whether what a connection was opened with asks for certificates of another CA by now."""
    return isinstance(context, ClientContext) and context.is_replaced
