"""Ways to change pyquarkchain's code while it runs."""

import inspect
import textwrap


def rewrite(owner, name, *changes):
    """Replace pieces of text in the source of a function and install the result in its place.

    `owner` is a module or a class; each change is (old, new) or (old, new, occurrences). The number of occurrences
    has to be right, so a changed pyquarkchain fails here instead of being left unaltered.
    """
    source = textwrap.dedent(inspect.getsource(inspect.getattr_static(owner, name)))
    for old, new, *count in changes:
        expected = count[0] if count else 1
        if source.count(old) != expected:
            raise RuntimeError("%s: %r occurs %d times, expected %d" % (name, old, source.count(old), expected))
        source = source.replace(old, new)
    function = _define(owner, name, source)
    setattr(owner, name, function)
    return function


def _define(owner, name, source):
    made = {}
    if inspect.isclass(owner):
        module = inspect.getmodule(owner)
        # the class statement mangles __private names as the original did
        source = "class %s:\n%s" % (owner.__name__, textwrap.indent(source, "    "))
        exec(compile(source, "<altered %s>" % name, "exec"), vars(module), made)
        return vars(made[owner.__name__])[name]
    exec(compile(source, "<altered %s>" % name, "exec"), vars(owner), made)
    return made[name]


def wrap(owner, name, make, *also_in):
    """Install make(original); `also_in` are modules that imported the function under the same name."""
    original = inspect.getattr_static(owner, name)
    function = make(original)
    for place in (owner, *also_in):
        setattr(place, name, function)


def after_init(cls, hook):
    """Run hook(self, *args) after the constructor of a class."""

    def make(original):
        def init(self, *args, **kwargs):
            original(self, *args, **kwargs)
            hook(self, *args, **kwargs)

        return init

    wrap(cls, "__init__", make)


def replace_precompile(address, make):
    """Put make(original) at a precompile's address (an integer), with the same enable time."""
    from quarkchain.evm.specials import specials

    key = address.to_bytes(20, "big")
    original, enabled_from = specials[key]
    specials[key] = (make(original), enabled_from)
