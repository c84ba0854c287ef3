"""Figures as files: PNG, SVG, or a page of HTML with its words."""

from html import escape

FORMATS = (".png", ".svg", ".html")


def save_figure(picture, path):
    """Save a `Picture`.

    Parameters
    ----------
    picture : Picture
        The figure.
    path : Path
        The file, which ends in one of `FORMATS`; one that is there is replaced.
    """
    if path.suffix == ".png":
        path.write_bytes(picture.png())
    elif path.suffix == ".svg":
        path.write_text(picture.svg(), encoding="utf-8")
    else:
        page = f"<!doctype html>\n<meta charset='utf-8'>\n<title>{escape(path.stem)}</title>\n{picture.html()}\n"
        path.write_text(f"{page}<p>{escape(picture.alt)}</p>\n", encoding="utf-8")
