"""What the cluster is built of is what the module pins."""

import re

from edition_migration.temporal.local_build import MODULE_DIR
from tests.cluster.build import PACKAGES


def test_the_programs_are_those_that_the_module_pins_as_tools() -> None:
    block = re.search(r"^tool \((.*?)^\)", (MODULE_DIR / "go.mod").read_text(), flags=re.MULTILINE | re.DOTALL)
    assert block is not None
    assert sorted(PACKAGES.values()) == sorted(block[1].split())
