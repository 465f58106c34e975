"""Reads one credential with docs/interop/read_credential.py. One JSON object a line, bytes in base64:
stdin {envelope, salon_id, kind, key_ring} · stdout {decrypt: request} · stdin {plaintext, plaintext_crc32c},
{invalid: true} or {unknown_key: true} · stdout {credential} or {refused} or {failed}. Google's packages need not be installed: whoever holds
the other ends plays Cloud KMS."""

import base64
import json
import sys
from types import ModuleType, SimpleNamespace


def say(message: dict) -> None:
    print(json.dumps(message), flush=True)


class InvalidArgument(Exception):
    pass


class NotFound(Exception):
    pass


class KeyManagementServiceClient:
    def decrypt(self, request: dict, timeout: float):
        say({"decrypt": {name: as_text(value) for name, value in request.items()}})
        answer = json.loads(sys.stdin.readline())
        if "invalid" in answer:
            raise InvalidArgument()
        if "unknown_key" in answer:
            raise NotFound()
        plaintext = base64.b64decode(answer["plaintext"])
        return SimpleNamespace(plaintext=plaintext, plaintext_crc32c=answer["plaintext_crc32c"])


def as_text(value) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def crc32c(data: bytes) -> int:
    remainder = 0xFFFFFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = (remainder >> 1) ^ (0x82F63B78 if remainder & 1 else 0)
    return remainder ^ 0xFFFFFFFF


def stand_in(name: str, **content) -> None:
    sys.modules[name] = ModuleType(name)
    vars(sys.modules[name]).update(content)


stand_in("google")
stand_in("google.api_core")
stand_in("google.api_core.exceptions", InvalidArgument=InvalidArgument, NotFound=NotFound)
stand_in("google.cloud", kms_v1=SimpleNamespace(KeyManagementServiceClient=KeyManagementServiceClient))
stand_in("google_crc32c", value=crc32c)
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from read_credential import CredentialRefused, cloud_kms, read_credential  # noqa: E402

asked = json.loads(sys.stdin.readline())
try:
    unwrap = cloud_kms(asked["key_ring"])
    say({"credential": read_credential(asked["envelope"], asked["salon_id"], asked["kind"], unwrap)})
except CredentialRefused as error:
    say({"refused": str(error)})
except ConnectionError as error:
    say({"failed": str(error)})
