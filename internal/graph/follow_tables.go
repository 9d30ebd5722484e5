package graph

import "strings"

// typeModel are the special methods that Python calls on classes when something
// is done with them.
var typeModel = words("__init_subclass__ __class_getitem__ __set_name__ __prepare__ __mro_entries__ __instancecheck__ __subclasscheck__")

// ofClass are those that a class has for itself and its subclasses alone.
var ofClass = words("__init_subclass__ __class_getitem__ __prepare__")

// later are the special methods that the creation of a class does not call,
// though it may make instances: what their users do with them.
var later = words(`__call__ __del__ __enter__ __exit__ __aenter__ __aexit__ __aiter__ __anext__ __await__ __reduce__ __reduce_ex__ __getstate__
	__setstate__ __getnewargs__ __getnewargs_ex__ __copy__ __deepcopy__ __buffer__ __release_buffer__`)

// dataModel are the special methods that Python calls on instances.
var dataModel = words(`__init__ __new__ __post_init__ __call__ __del__ __enter__ __exit__ __aenter__ __aexit__ __iter__ __next__ __aiter__
	__anext__ __await__ __len__ __bool__ __contains__ __getitem__ __setitem__ __delitem__ __missing__ __reversed__ __repr__ __str__
	__bytes__ __format__ __hash__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __getattr__ __getattribute__ __setattr__ __delattr__
	__dir__ __get__ __set__ __delete__ __add__ __radd__ __iadd__ __sub__ __rsub__ __isub__ __mul__ __rmul__ __imul__ __matmul__ __truediv__
	__rtruediv__ __floordiv__ __rfloordiv__ __mod__ __rmod__ __divmod__ __pow__ __rpow__ __lshift__ __rshift__ __and__ __rand__ __or__
	__ror__ __xor__ __rxor__ __neg__ __pos__ __abs__ __invert__ __int__ __float__ __complex__ __index__ __round__ __trunc__ __floor__
	__ceil__ __copy__ __deepcopy__ __reduce__ __reduce_ex__ __getstate__ __setstate__ __getnewargs__ __getnewargs_ex__ __sizeof__
	__fspath__ __length_hint__ __buffer__ __release_buffer__`)

var (
	// looking are functions that do not call and do not keep what they get.
	looking = words("isinstance issubclass callable id type hasattr len bool TypeVar ParamSpec NewType wraps")
	// registering are methods that keep functions for later: of click, argparse,
	// Flask, Starlette and Celery.
	registering = words(`add_command add_typer set_defaults add_url_rule add_api_route add_api_websocket_route add_route add_websocket_route
		add_event_handler add_exception_handler register_error_handler add_periodic_task`)
	// keeping are functions that return what they get, or its elements.
	keeping = words("list tuple set frozenset dict reversed enumerate zip iter next OrderedDict deque ChainMap MappingProxyType SimpleNamespace chain")
	// wrapping are functions that return something which calls what they get.
	wrapping = words(`partial partialmethod update_wrapper property cached_property staticmethod classmethod lru_cache cache
		singledispatch singledispatchmethod contextmanager asynccontextmanager`)
)

// unwrapping are the attributes by which wrappers hand out what they wrap, or
// call it.
var unwrapping = words("__func__ __wrapped__ __call__ __get__ func fget fset fdel")

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}
