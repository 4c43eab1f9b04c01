"""What moto lacks is answered with 501, which no SDK repeats, and not with 500, which all repeat for minutes."""

import json
from xml.sax.saxutils import escape

from moto.core.responses import BaseResponse
from patching import patch

XML = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>NotImplemented</Code><Message>{}</Message></Error>"
    "<RequestId>0</RequestId></ErrorResponse>"
)


@patch(BaseResponse, "call_action")
def call_action(old, self):
    try:
        return old(self)
    except NotImplementedError as error:
        if "json" in (self.headers.get("Content-Type") or ""):
            kind, body = "application/x-amz-json-1.1", json.dumps({"__type": "NotImplemented", "message": str(error)})
        else:
            kind, body = "text/xml", XML.format(escape(str(error)))
        return 501, {"status": 501, "Content-Type": kind}, body
