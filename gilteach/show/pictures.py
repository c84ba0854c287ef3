"""What every picture needs: its size and style, its colours, its words, and its labels.

Pictures are `Figure` objects that belong to nobody's pyplot state, so that a panel's callback can't
draw into another cell's output. Colours are the Okabe–Ito palette, which colour-blind readers can
tell apart; each runner has its own marker as well.
"""

import base64
import io
import threading
import warnings
from contextlib import contextmanager
from functools import cache
from html import escape

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator
from PIL import Image

COLOURS = {"serial": "#000000", "threads": "#0072B2", "processes": "#D55E00"}
MARKERS = {"serial": "s", "threads": "o", "processes": "^"}
REFERENCE = "#767676"  # grey that still reads on white

WIDTH, HEIGHT = 10.0, 4.2  # inches; at SCREEN_DPI as wide as a notebook's output on a projector
SCREEN_DPI = 96
SHARPNESS = 2  # device pixels per CSS pixel

STYLE = {
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # looked for otherwise, each time that a figure is drawn: a tenth of the time it takes
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 2,
    "lines.markersize": 7,
    "svg.hashsalt": "gilteach",  # the same names of parts for the same picture
}


# Fonts of the systems that have letters which matplotlib's own hasn't: names of threads may be in any script.
WIDE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei",
    "Droid Sans Fallback", "PingFang SC", "Hiragino Sans GB", "Hiragino Sans", "Arial Unicode MS",
    "Microsoft YaHei", "SimHei", "Yu Gothic", "MS Gothic", "Malgun Gothic",
)  # fmt: skip

_drawing = threading.RLock()


@cache
def font_families():
    """Matplotlib's own font, then those found here that have what it lacks."""
    here = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in WIDE_FONTS if name in here)]


@contextmanager
def our_style():
    """Draw in our style; one thread at a time, because matplotlib's settings are global."""
    with _drawing, rc_context(STYLE | {"font.family": font_families()}):
        yield


@contextmanager
def whatever_the_letters():
    """A letter that no font here has is a box in the picture, and whole in its words: no reason for a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        yield


class Picture(Figure):
    """A matplotlib `Figure` that a notebook shows sharply, with a text alternative.

    Attributes
    ----------
    alt : str
        What the figure shows, in words.
    """

    alt = ""

    def draw(self, renderer):
        with whatever_the_letters():
            super().draw(renderer)

    def png(self):
        """Return the figure as a PNG, in bytes."""
        # As savefig does it, but for drawing everything once more beforehand, to find out how large it is.
        with self._sharp():
            canvas = FigureCanvasAgg(self)
            canvas.draw()
        return _packed(np.asarray(canvas.buffer_rgba()))

    def svg(self):
        """Return the figure as an SVG, in text: sharp at any size, and drawn the most quickly."""
        buffer = io.StringIO()
        with our_style(), self._sharp():  # what images in it are drawn at
            FigureCanvasSVG(self).print_svg(buffer, metadata={"Description": self.alt, "Date": None})
        return buffer.getvalue()

    @contextmanager
    def _sharp(self):
        usual = self.dpi
        self.dpi = SCREEN_DPI * SHARPNESS
        try:
            yield
        finally:
            self.dpi = usual

    def html(self):
        """Return the figure as an HTML image that fits its place and has a text alternative."""
        source = f"data:image/svg+xml;base64,{base64.b64encode(self.svg().encode()).decode()}"
        style = f"width: 100%; max-width: {self._size()[0]}px"
        return f'<img class="widget-image" src="{source}" alt="{escape(self.alt)}" style="{style}">'

    def _size(self):
        """Width and height in CSS pixels."""
        return [round(inches * SCREEN_DPI) for inches in self.get_size_inches()]

    def _repr_mimebundle_(self, include=None, exclude=None):
        width, height = self._size()
        data = {"image/png": base64.b64encode(self.png()).decode(), "text/plain": self.alt}
        return data, {"image/png": {"width": width, "height": height, "alt": self.alt}}


def _packed(pixels):
    """Return what was drawn as a PNG with a palette: flat colours need no more, and stored notebooks stay small."""
    small = io.BytesIO()
    # An octree is found ten times as quickly as the best palette, and is as good for lines and letters.
    few = (
        Image.fromarray(pixels).convert("RGB").quantize(128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    )
    few.save(small, "PNG")
    return small.getvalue()


def new_picture(height=HEIGHT, *, left=0.95, right=1.15, top=0.4, bottom=0.65, beside=0.0, above=0.0):
    """Return an empty `Picture` of the usual width, with its margins in inches.

    Margins that are given make a layout engine unnecessary, which would draw everything once to find them. Two axes
    beside each other, or above, have so many inches between them.
    """
    picture = Picture(figsize=(WIDTH, height))
    picture.subplots_adjust(
        left=left / WIDTH, right=1 - right / WIDTH, bottom=bottom / height, top=1 - top / height,
        wspace=2 * beside / (WIDTH - left - right - beside), hspace=2 * above / (height - top - bottom - above),
    )  # fmt: skip
    return picture


def text_width(text, size):
    """Return how wide a text is, in points, at a font size."""
    font = FontProperties(family=font_families(), size=size)
    with whatever_the_letters():
        return max(text_to_path.get_text_width_height_descent(line, font, False)[0] for line in text.split("\n"))


def empty_figure(text):
    """Draw a picture that only says `text`."""
    picture = new_picture()
    picture.text(0.5, 0.5, text, ha="center", va="center", fontsize=16, color=REFERENCE)
    picture.alt = text
    return picture


def set_cores_axis(axes, usable, highest, side="left"):
    """Mark the usable CPUs, in words at the side where curves seldom reach them."""
    axes.set_ylim(0, 1.22 * max(usable, highest))  # with room for the words above a curve at full load
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.axhline(usable, color=REFERENCE, linestyle=":", linewidth=1.5, zorder=1)
    axes.text(
        float(side == "right"), usable, f" {usable} usable CPU{'s' * (usable != 1)} ",
        transform=axes.get_yaxis_transform(), va="bottom", ha=side, fontsize=10, color=REFERENCE,
        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0}, zorder=3,
    )  # fmt: skip


def label_directly(axes, labels):
    """Write each line's name beside its end, moved up or down where two would overlap."""
    height = axes.get_position().height * axes.figure.get_size_inches()[1] * 72  # points
    to_fraction = axes.transData + axes.transAxes.inverted()
    places = sorted((to_fraction.transform((x, y))[1], text, colour, size) for x, y, text, colour, size in labels)
    step, at, heights = 1.25 / height, -1.0, []
    for fraction, _, _, size in places:
        at = max(fraction, at + step * size)
        heights.append(at)
    top = max(1.0, places[-1][0])
    for place in reversed(range(len(places))):  # what was moved up beyond the top comes down again
        heights[place] = min(heights[place], top)
        top = heights[place] - step * places[place][3]
    for at, (_, text, colour, size) in zip(heights, places, strict=True):
        axes.annotate(
            text, (1.0, at), xycoords="axes fraction", xytext=(6, 0), textcoords="offset points",
            va="center", color=colour, fontsize=size, annotation_clip=False,
        )  # fmt: skip
