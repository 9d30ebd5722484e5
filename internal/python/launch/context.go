package launch

import _ "embed"

// ContextSource defines the Python class LambdaContext(name): what AWS Lambda
// passes to a handler beside the event. name is the handler's module, used
// where the environment does not name the function. It runs on 3.8 and later.
//
//go:embed context.py
var ContextSource string

// TracebackSource defines the Python function traceback_text(exc), which
// returns the traceback of an exception as Python prints it and runs no user
// code to get it.
//
//go:embed traceback.py
var TracebackSource string
