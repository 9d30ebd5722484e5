#!/bin/sh
# Lambda starts this with the command that starts Python (AWS_LAMBDA_EXEC_WRAPPER).
# The handler becomes the recorder's, which calls the function's own.
here=${0%/*}
if [ "$FASTPATH_RECORDER" != off ] && [ -n "$_HANDLER" ] && [ -f "$here/python/fastpath_recorder.py" ]; then
	export FASTPATH_HANDLER="$_HANDLER" _HANDLER=fastpath_recorder.handler
	# With a PYTHONPATH of its own, a function does not see its layers.
	if [ -n "$PYTHONPATH" ]; then
		export PYTHONPATH="$PYTHONPATH:$here/python"
	fi
fi
if [ -n "$FASTPATH_NEXT_WRAPPER" ] && [ "$FASTPATH_NEXT_WRAPPER" != "$0" ]; then
	exec "$FASTPATH_NEXT_WRAPPER" "$@"
fi
exec "$@"
