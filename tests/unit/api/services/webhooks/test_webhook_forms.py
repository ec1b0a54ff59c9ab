"""The names that webhooks may have."""

import pytest

from api.forms.form import Form
from api.services.webhooks.webhook_forms import UpdateWebhook, check_name
from core.domain.errors import Invalid


@pytest.mark.parametrize("name", ["news", "Disco rd", "clid", "x" * 80, "Ünï 🐙"])
def test_other_names_are_allowed(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["discord", "My DisCord news", "clyde", "xCLYDEx"])
def test_names_of_the_service_are_refused(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_name(name)
    assert [field.path for field in refused.value.fields] == [("name",)]


def test_name_is_cleaned_and_measured() -> None:
    form = Form(UpdateWebhook)
    assert form.decode(b'{"name":"  two \\n words "}').name == "two words"
    for body in (b'{"name":""}', b'{"name":"%b"}' % (b"x" * 81)):
        with pytest.raises(Invalid):
            form.decode(body)
