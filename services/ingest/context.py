"""What validation depends on besides the record: current registers, keys and time."""

from datetime import datetime, timedelta
from typing import Final

from services.ingest.themes import Themes
from services.ingest.validate import Context
from shared.clock import Clock
from shared.pseudonym import Keyring
from shared.registers import Registers

# A context serves this long. Building one per record would cost a tenth of its validation, and the tolerance for times
# in the future is an hour.
_FRESH: Final = timedelta(seconds=1)


class Contexts:
    """Holds the current context. `use` replaces the registers, `use_keys` the keys."""

    def __init__(self, registers: Registers, keyring: Keyring, clock: Clock) -> None:
        self._keyring, self._clock = keyring, clock
        self.use(registers)

    def use(self, registers: Registers) -> None:
        """Validate by these registers from now on."""
        self._registers = registers
        self._themes = Themes(registers.themes)
        self._context = self._make(self._clock())

    def use_keys(self, keyring: Keyring) -> None:
        """Make pseudonyms by these keys from now on."""
        self._keyring = keyring
        self._context = self._make(self._clock())

    def now(self) -> Context:
        """The current context, at most a second old."""
        now = self._clock()
        if not timedelta(0) <= now - self._context.now < _FRESH:
            self._context = self._make(now)
        return self._context

    def _make(self, now: datetime) -> Context:
        return Context(
            units=self._registers.known_units,
            sources=self._registers.sources,
            themes=self._themes,
            keyring=self._keyring,
            now=now,
            version=self._registers.version,
        )
