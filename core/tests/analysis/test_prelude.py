"""Cells of imports, options and definitions."""

from __future__ import annotations

import pytest

from nbrewind.analysis import analyze, imported_names


@pytest.mark.py311
@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np",
        "'''About.'''\nimport numpy as np\nX = 1\nY = (1, -2, [3])",
        "from x import *",
        "def f(a, b=1, *, c=None): return open(a)",
        "@cache\ndef f(): pass",
        "@lru_cache(maxsize=None)\ndef f(): pass",
        "class A(B):\n    '''Doc.'''\n    x = 1\n    y: int = 2\n    def m(self): pass",
        "@dataclass\nclass A:\n    x: list[int] = field(default_factory=list)",
        "import pandas as pd\npd.set_option('display.max_rows', 10)",
        "pd.options.display.max_rows = 10",
        "plt.style.use('ggplot')",
        "plt.rcParams['figure.figsize'] = (8, 4)",
        "plt.rcParams.update({'font.size': 12})",
        "mpl.rc('font', size=12)",
        "sns.set_theme(style='white')",
        "import warnings\nwarnings.filterwarnings('ignore', category=FutureWarning)",
        "import logging\nlogging.basicConfig(level=logging.INFO)",
        "logging.getLogger('x').setLevel(logging.ERROR)",
        "import sys\nsys.path.insert(0, '..')",
        "%matplotlib inline\n%config InlineBackend.figure_format = 'retina'",
        "%load_ext autoreload\n%autoreload 2",
        "try:\n    import a\nexcept ImportError:\n    a = None",
        "if TYPE_CHECKING:\n    import a",
        "T = TypeVar('T')",
        "import a\npass",
    ],
)
def test_prelude(source):
    assert analyze(source).prelude


@pytest.mark.parametrize(
    "source",
    [
        "",
        "# nothing",
        "'''Text.'''",
        "X = 1",
        "pass",
        "import numpy as np\nx = np.zeros(3)",
        "import random\nrandom.seed(1)",
        "np.random.seed(0)",
        "import a\nprint(1)",
        "def f(x=load()): pass",
        "@app.route(load())\ndef f(): pass",
        "class A:\n    x = load()",
        "class A(make()):\n    pass",
        "def f(): pass\nf()",
        "pd.set_option('x', load())",
        "sys.path.insert(0, os.getcwd())",
        "plt.rcParams['x'] = load()",
        "import a\nif t:\n    b()",
        "import a\nx = [b]",
        "%pip install x",
        "import a\n!ls",
        "%%time\nimport a",
        "%nbrewind on",
        "import a\nx += 1",
        "import a\nx[0] = 1",
    ],
)
def test_no_prelude(source):
    assert not analyze(source).prelude


def test_names_of_modules():
    assert imported_names("import numpy as np, os.path\nfrom a import b\nimport c\nc = 1") == {"np", "os"}
    assert imported_names("x = = 1") == set()
