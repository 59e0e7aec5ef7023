"""The reference of licenses: all packages that are shipped."""

from deploy.supply.licenses import ALLOWED
from deploy.supply.sbom import bill
from docs.site.tables import page, table

_WHAT = f"""The packages of the image, with the `postgres` extra, as `uv.lock` pins them; two versions of one package
are for different versions of Python. Allowed beside our Apache-2.0 are {", ".join(sorted(ALLOWED))};
a test fails at any other, so none is under the LGPL or the GPL, and at a package that names none."""

_WHAT_NOT = """What packages have compiled in (`temporalio`, `pydantic-core` and `zxcvbn-rs-py` are built from Rust
libraries) is not listed here; Python and the base of the image bring their own lists."""


def licenses_page() -> str:
    rows = [(it["name"], it["version"], it["licenses"][0]["expression"]) for it in bill()["components"]]
    return page("Licenses", _WHAT, table(("Package", "Version", "License"), rows), _WHAT_NOT)
