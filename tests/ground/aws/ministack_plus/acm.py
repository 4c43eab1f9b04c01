"""Certificates: the algorithm of the key and the options, which RequestCertificate drops."""

import json

from ministack.services import acm
from patching import patch


@patch(acm, "_request_certificate")
def request_certificate(old, data):
    status, headers, body = old(data)
    if status == 200:
        made = acm._certificates[json.loads(body)["CertificateArn"]]
        made["_plus_key"] = data.get("KeyAlgorithm") or "RSA_2048"
        made["Options"] = {"CertificateTransparencyLoggingPreference": "ENABLED"} | (data.get("Options") or {})
    return status, headers, body


@patch(acm, "_cert_shape")
def describe(old, certificate):
    key = certificate.get("_plus_key")
    if not key:
        return old(certificate)
    # ACM signs with the algorithm of the key.
    signature = "SHA256WITHECDSA" if key.startswith("EC") else "SHA256WITHRSA"
    return old(certificate) | {"KeyAlgorithm": key, "SignatureAlgorithm": signature}
