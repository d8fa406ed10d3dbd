"""A certificate that is replaced while its server runs."""

from __future__ import annotations

import logging
from collections.abc import Callable

from gateway.identity.private_files import stamp_of
from gateway.identity.tls import TlsFiles, TlsPaths, read_tls
from gateway.watching import Watching
from semantic_models.errors import SettingRejected

log = logging.getLogger(__name__)


class Renewer(Watching):
    """Looks at the files of TLS again and again, and has them used once they change.

    The files are written one after the other: while they do not belong together, or cannot be
    read, the server goes on with what it has.
    """

    def __init__(self, paths: TlsPaths, use: Callable[[TlsFiles], None], every_s: float) -> None:
        failed = "the certificate stays as it was: looking at its files failed"
        super().__init__("renew-tls", every_s, failed)
        self._paths = paths
        self._use = use
        self._used = self._refused = self._stamps()

    def look(self) -> None:
        """Have the certificate used where it is another one, and is whole."""
        stamps = self._stamps()
        if stamps == self._used:
            return
        try:
            tls = read_tls(self._paths)
            self._use(tls)
        except (SettingRejected, OSError) as error:
            if stamps != self._refused:
                log.warning("the certificate stays as it was: %s", error)
            self._refused = stamps
            return
        self._used = stamps
        log.info("the certificate is renewed")

    def _stamps(self) -> tuple[object, ...]:
        paths = (self._paths.certificate, self._paths.key, self._paths.client_ca)
        return tuple(stamp_of(each) for each in paths if each is not None)
