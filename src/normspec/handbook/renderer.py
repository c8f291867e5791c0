"""A Sphinx extension: mathematics in prose becomes MathML, as in the derivations."""

from typing import Any

from docutils import nodes

from normspec.handbook.mathml import flowing, mathml


def setup(app: Any) -> dict[str, bool]:
    """Register the renderer of mathematics."""
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_block, None))
    return {"parallel_read_safe": True}


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def _block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="headline">{flowing(node.astext())}</div>')
    raise nodes.SkipNode
