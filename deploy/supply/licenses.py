"""Under which license a package is, as an SPDX expression, and which licenses we may ship beside Apache-2.0."""

from importlib.metadata import PackageMetadata, metadata

ALLOWED = frozenset({"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0"})
"""Permissive ones: all they ask is that notice and text go along, as they do in each package's `.dist-info`."""

_READ = {"itsdangerous": "BSD-3-Clause", "jinja2": "BSD-3-Clause", "zxcvbn-rs-py": "MIT"}
"""Read by a person in the package's license file, because its metadata names none, or only a family."""

_SPELLINGS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2": "Apache-2.0",
    "Apache-2.0": "Apache-2.0",
    "BSD-3-Clause": "BSD-3-Clause",
    "ISC License": "ISC",
    "License :: OSI Approved :: MIT License": "MIT",
    "MIT": "MIT",
}
"""How packages that do not say it as an SPDX expression yet write it, in `License` or a classifier."""


class UnknownLicenseError(Exception):
    """A package says nothing of its license that we understand: read its license file."""


def license_of(package: str) -> str:
    """The SPDX expression of an installed package. Raises UnknownLicenseError, PackageNotFoundError."""
    return license_in(metadata(package), read=_READ.get(package))


def license_in(said: PackageMetadata, read: str | None = None) -> str:
    """What a package's metadata says, else what was `read` in its file. Raises UnknownLicenseError."""
    if expression := said.get("License-Expression"):
        return expression
    for words in (said.get("License"), *(said.get_all("Classifier") or ())):
        if words in _SPELLINGS:
            return _SPELLINGS[words]
    if read is None:
        raise UnknownLicenseError(said["Name"])
    return read
