"""What `normspec list` says of what there is."""

from normspec.properties.laws import LAWS as REAL_LAWS


def test_every_law_is_listed_with_its_proof_or_its_reason(normspec, capsys):
    assert normspec("list", "laws") == 0
    text = " ".join(capsys.readouterr().out.split())
    for law in REAL_LAWS.values():
        grounds = f"proved: normspec derive {law.claim}" if law.claim else f"because {law.requirement.because}"
        assert f"{law.name} {law.statement} {grounds}" in text


def test_the_variants_of_a_convention_are_listed_with_the_default(normspec, capsys):
    assert normspec("list", "conventions") == 0
    assert "weighs_new (default): running = (1 - momentum)" in " ".join(capsys.readouterr().out.split())
