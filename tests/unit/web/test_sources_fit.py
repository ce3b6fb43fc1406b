"""The providers' callback sources fit the border's protocol; mypy checks the types, this test the wiring."""

from services.adapters.providers.callbacks import CallbackRequest, CallbackResult
from services.web.callbacks import Callbacks
from services.web.ports import CallbackAnswer, CallbackSource
from tests.unit.web.doubles import RecordingWatchers, SilentFeedback


class Source:
    """A source as the adapters declare it."""

    name = "a"

    def authentic(self, request: CallbackRequest) -> bool:
        """Always."""
        return True

    async def read(self, request: CallbackRequest) -> CallbackResult:
        """Nothing."""
        return CallbackResult()


def test_adapters_sources_fit() -> None:
    """The adapters' request and result are what the border makes and reads."""
    source: CallbackSource[CallbackRequest] = Source()
    result: CallbackAnswer = CallbackResult()
    callbacks: Callbacks[CallbackRequest] = Callbacks(
        sources={"a": source},
        make_request=CallbackRequest,
        feedback=SilentFeedback(),
        watchers=RecordingWatchers(),
        public_url="https://exemple.fr",
    )
    request = callbacks.make_request(method="POST", url="https://exemple.fr/", headers={}, body=b"", query={})
    assert source.authentic(request)
    assert result.status_code == 200
