"""Our copies of templates of the admin's skin, which an upgrade of the skin may leave behind."""

from hashlib import sha256
from pathlib import Path

import pytest
import unfold

import gatewayz

OURS = Path(gatewayz.__file__).parent / "templates"
SKIN = Path(unfold.__file__).parent / "templates"

# Of the skin's template that each copy was made from.
COPIED = {
    "admin/base.html": "7428a8411d69ed81",
    "unfold/helpers/change_list_filter_button.html": "f5492043bcfa9373",
    "unfold/helpers/empty_results.html": "830db82d60f52b85",
    "unfold/helpers/header_title.html": "708a66bc1c0997f3",
    "unfold/helpers/welcomemsg.html": "91ac76169f4c93b5",
    "unfold/layouts/unauthenticated.html": "768501529f1a8dae",
}


@pytest.mark.parametrize("name", COPIED)
def test_the_skin_has_not_changed_what_was_copied(name):
    digest = sha256((SKIN / name).read_bytes()).hexdigest()[:16]

    assert digest == COPIED[name], (
        f"The skin has changed {name}: carry its change over to our copy, then note {digest} here."
    )


def test_every_copy_is_known():
    ours = {str(path.relative_to(OURS)) for path in OURS.rglob("*.html")}
    theirs = {str(path.relative_to(SKIN)) for path in SKIN.rglob("*.html")}

    assert ours & theirs == set(COPIED)
