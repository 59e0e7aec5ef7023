"""The bill of materials of what is shipped, in CycloneDX 1.5: `python -m deploy.supply.sbom FILE`, or `make sbom`.

uv writes it from `uv.lock`, with the hashes of all files; what uv does not know, the licenses, is added.
"""

import json
import sys
from pathlib import Path
from typing import Any

from deploy.supply.licenses import license_of
from deploy.supply.shipped import exported


def bill() -> dict[str, Any]:
    """Packages with version, hashes, license, and what needs what. Raises what `exported` and `license_of` raise."""
    made: dict[str, Any] = json.loads(exported("cyclonedx1.5"))
    made["metadata"]["component"] |= {"type": "application", "licenses": [{"expression": "Apache-2.0"}]}
    for component in made["components"]:
        component["licenses"] = [{"expression": license_of(component["name"])}]
    return made


def main() -> None:
    """Writes the bill; what is there already is replaced."""
    file = Path(sys.argv[1])
    file.parent.mkdir(parents=True, exist_ok=True)
    made = bill()
    file.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    print(f"sbom: {len(made['components'])} packages in {file}")  # noqa: T201


if __name__ == "__main__":
    main()
