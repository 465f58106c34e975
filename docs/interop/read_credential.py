"""Reads a credential as `salon_integrations/{salonId}` stores it, version 2. The format is in README.md.

    unwrap = cloud_kms("projects/P/locations/L/keyRings/R")
    token = read_credential(document["twilio"]["auth_token"], salon_id, "auth_token", unwrap)
"""

import base64
import json
from typing import Callable

import google_crc32c
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.api_core.exceptions import InvalidArgument, NotFound
from google.cloud import kms_v1

# (CryptoKey, wrapped data key, associated data) -> data key
Unwrap = Callable[[str, bytes, bytes], bytes]

KINDS = ("account_sid", "auth_token")
KMS_TIMEOUT_SECONDS = 2.0


class CredentialRefused(Exception):
    """The envelope was altered, or belongs to another salon or kind, or is not version 2. Trying again does not help."""


def read_credential(envelope: dict, salon_id: str, kind: str, unwrap: Unwrap) -> str:
    """Gives the credential; raises CredentialRefused, or whatever `unwrap` raises when Cloud KMS does not answer."""
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}")
    if envelope.get("version") != "2":
        raise CredentialRefused("not version 2")
    try:
        ciphertext = base64.b64decode(envelope["ciphertext"], validate=True)
        wrapped = base64.b64decode(envelope["data_key"], validate=True)
        nonce = base64.b64decode(envelope["nonce"], validate=True)
        key_name = envelope["key_name"]
    except (KeyError, TypeError, ValueError):
        raise CredentialRefused("not an envelope") from None
    if len(nonce) != 12:
        raise CredentialRefused("not an envelope")
    data_key = unwrap(key_name, wrapped, associated_data("2", salon_id))
    try:
        plaintext = AESGCM(data_key).decrypt(nonce, ciphertext, associated_data("2", salon_id, kind))
    except InvalidTag:
        raise CredentialRefused("altered, or of another kind") from None
    return plaintext.decode("utf-8")


def associated_data(*words: str) -> bytes:
    """The words as compact JSON in UTF-8, such as ["2","salon_1","auth_token"]."""
    return json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def cloud_kms(key_ring: str) -> Unwrap:
    """Unwraps with the keys of one key ring: who can write documents must not make us use a key of theirs."""
    client = kms_v1.KeyManagementServiceClient()

    def unwrap(key_name: str, wrapped: bytes, associated: bytes) -> bytes:
        if not str(key_name).startswith(f"{key_ring}/cryptoKeys/"):
            raise CredentialRefused("sealed with a key outside the key ring")
        request = {
            "name": key_name,
            "ciphertext": wrapped,
            "ciphertext_crc32c": google_crc32c.value(wrapped),
            "additional_authenticated_data": associated,
            "additional_authenticated_data_crc32c": google_crc32c.value(associated),
        }
        try:
            answer = client.decrypt(request=request, timeout=KMS_TIMEOUT_SECONDS)
        except InvalidArgument:
            raise CredentialRefused("altered, or of another salon") from None
        except NotFound:
            raise CredentialRefused("sealed with a key that does not exist") from None
        # A checksum that is absent reads as None and does not fit either.
        if answer.plaintext_crc32c != google_crc32c.value(answer.plaintext):
            raise ConnectionError("Cloud KMS's answer arrived damaged; try again.")
        return answer.plaintext

    return unwrap
