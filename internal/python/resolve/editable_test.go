package resolve

import (
	"path/filepath"
	"testing"
)

func TestEditableInstalls(t *testing.T) {
	dir := tree(t, map[string]string{
		"lib/os.py":                      "",
		"site/__editable__.shop-1.0.pth": "import __editable___shop_1_0_finder; __editable___shop_1_0_finder.install()\n",
		"site/__editable___shop_1_0_finder.py": `import sys
MAPPING: dict[str, str] = {'shop': '$ROOT/work/shop', 'single': '$ROOT/work/single', 'corp.billing': '$ROOT/work/billing', 'gone': '$ROOT/work/gone'}
NAMESPACES: dict[str, list[str]] = {'corp': [], 'loose': ['$ROOT/work/loose']}
PATH_PLACEHOLDER = '__editable__.shop-1.0.finder' + ".__path_hook__"


class _EditableFinder:
    pass
`,
		"site/easy.pth":                             "$ROOT/dev/src\n",
		"site/corp/audit.py":                        "",
		"work/shop/__init__.py":                     "",
		"work/shop/cart.py":                         "",
		"work/single.py":                            "",
		"work/billing/__init__.py":                  "",
		"work/billing/tax.py":                       "",
		"work/loose/part.py":                        "",
		"dev/src/devtool/__init__.py":               "",
		"site/installed-1.0.dist-info/METADATA":     "",
		"site/namespaced/part/__init__.py":          "",
		"site/namespaced/part/impl.abi3.so":         "",
		"site/namespaced/part/foreign.pypy39-pp.so": "",
	})
	r := New(nil, fakePython(dir, filepath.Join(dir, "site")))
	found(t, r, dir, map[string]string{
		"shop": "package work/shop/__init__.py", "shop.cart": "source work/shop/cart.py", "shop.none": "missing",
		"single": "source work/single.py", "gone": "missing",
		"corp.billing": "package work/billing/__init__.py", "corp.billing.tax": "source work/billing/tax.py", "corp.audit": "source site/corp/audit.py",
		"loose": "namespace work/loose", "loose.part": "source work/loose/part.py",
		"devtool": "package dev/src/devtool/__init__.py", "namespaced": "namespace site/namespaced",
		"namespaced.part.impl": "extension site/namespaced/part/impl.abi3.so",
	})
	placeholder := "__editable__.shop-1.0.finder.__path_hook__"
	for name, want := range map[string]string{"corp": "site/corp " + placeholder, "loose": "work/loose " + placeholder} {
		if got := searched(r, dir, name); got != want {
			t.Errorf("%s is searched in %s, want %s", name, got, want)
		}
	}
	if o := r.Find("shop.cart").Origin; o != OriginSite {
		t.Errorf("origin %s", o)
	}
}

func TestEditablesPackage(t *testing.T) {
	dir := tree(t, map[string]string{
		"lib/os.py": "", "site/_impl.pth": "import _impl\n", "site/editables/__init__.py": "", "site/editables/redirector.py": "",
		"site/_impl.py":        "from editables.redirector import RedirectingFinder as F\nF.install()\nF.map_module('shop', '$ROOT/src/shop/__init__.py')\nF.map_module('one', r'$ROOT/src/one.py')",
		"src/shop/__init__.py": "", "src/shop/cart.py": "", "src/one.py": "", "site/shop/cart.py": "",
	})
	r := New(nil, fakePython(dir, filepath.Join(dir, "site")))
	found(t, r, dir, map[string]string{
		"shop": "namespace site/shop", // the finder comes last
		"one":  "source src/one.py", "two": "missing", "one.x": "missing",
	})
}

func TestScikitBuild(t *testing.T) {
	finder := "class ScikitBuildRedirectingFinder:\n    pass\n\n\ndef install(*args):\n    pass\n\n\n"
	files := map[string]string{
		"lib/os.py": "", "site/_shop.pth": "import _shop\n",
		"site/_shop.py": finder + "install({'shop': '$ROOT/src/shop/__init__.py', 'shop.x': '$ROOT/src/shop/x.py'}, {'shop._fast': 'shop/_fast.abi3.so'}, " +
			"{'shop': ['$ROOT/src/shop', 'shop'], 'shop.data': ['$ROOT/src/shop/data']}, ['shop'], None, False, True, [], [], '')\n",
		"src/shop/__init__.py": "", "src/shop/x.py": "", "src/shop/y.py": "", "src/shop/data/t.txt": "", "site/shop/_fast.abi3.so": "",
	}
	dir := tree(t, files)
	r := New(nil, fakePython(dir, filepath.Join(dir, "site")))
	found(t, r, dir, map[string]string{
		"shop": "package src/shop/__init__.py", "shop.x": "source src/shop/x.py", "shop.y": "source src/shop/y.py",
		"shop._fast": "extension site/shop/_fast.abi3.so", "shop.data": "namespace src/shop/data",
	})
	if got := searched(r, dir, "shop"); got != "site/shop src/shop" {
		t.Errorf("shop is searched in %s", got)
	}
	files["site/_shop.py"] = finder + "install({'shop': '$ROOT/src/shop/__init__.py'}, {}, None, False)\n" // an older form
	dir = tree(t, files)
	found(t, New(nil, fakePython(dir, filepath.Join(dir, "site"))), dir, map[string]string{"absent": "missing by _shop.pth"})
}

func TestMeson(t *testing.T) {
	dir := tree(t, map[string]string{
		"lib/os.py": "", "site/shop-editable.pth": "import _shop_loader; _shop_loader.init()\n", "site/shop/x.py": "",
		"site/_shop_loader.py": "class MesonpyMetaFinder:\n    pass\n\n\ndef init():\n    finder = MesonpyMetaFinder(\n        'shop',\n        {'shop'},\n        '$ROOT/build',\n        ['ninja'],\n        False,\n    )\n",
	})
	found(t, New(nil, fakePython(dir, filepath.Join(dir, "site"))), dir, map[string]string{
		"shop": "missing by meson-python", "shop.x": "missing by meson-python", "shopping": "missing",
	})
}

// TestUnknownFinder: a finder that is not as it was is told, not guessed.
func TestUnknownFinder(t *testing.T) {
	for _, text := range []string{
		"class _EditableFinder:\n    pass\n\n\nMAPPING = load()\n",
		"from editables.redirector import RedirectingFinder as F\nF.map_module(name, path)\n",
		"class MesonpyMetaFinder:\n    pass\n",
		"class ScikitBuildRedirectingFinder:\n    pass\n",
	} {
		dir := tree(t, map[string]string{"lib/os.py": "", "site/x.pth": "import finder\n", "site/finder.py": text})
		found(t, New(nil, fakePython(dir, filepath.Join(dir, "site"))), dir, map[string]string{"absent": "missing by x.pth"})
	}
}
