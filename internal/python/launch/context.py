class LambdaContext:
    # What AWS Lambda passes to a handler beside the event, from the
    # environment where it says something. name stands for the function.
    _count = 0

    def __init__(self, name="function", seconds=900.0):
        import os
        import time

        get = os.environ.get
        LambdaContext._count += 1
        self._clock = time.monotonic
        self._end = self._clock() + seconds
        region = get("AWS_REGION") or get("AWS_DEFAULT_REGION") or "us-east-1"
        self.function_name = get("AWS_LAMBDA_FUNCTION_NAME") or name.rpartition(".")[2]
        self.function_version = get("AWS_LAMBDA_FUNCTION_VERSION") or "$LATEST"
        self.invoked_function_arn = "arn:aws:lambda:%s:123456789012:function:%s" % (region, self.function_name)
        self.memory_limit_in_mb = get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") or "512"
        self.aws_request_id = "00000000-0000-4000-8000-%012x" % LambdaContext._count
        self.log_group_name = get("AWS_LAMBDA_LOG_GROUP_NAME") or "/aws/lambda/" + self.function_name
        self.log_stream_name = get("AWS_LAMBDA_LOG_STREAM_NAME") or "2026/01/01/[$LATEST]" + "0" * 32
        self.identity = _LambdaIdentity()
        self.client_context = None
        self.tenant_id = None

    def get_remaining_time_in_millis(self):
        return max(0, int((self._end - self._clock()) * 1000))

    def log(self, message):
        print(message)


class _LambdaIdentity:
    cognito_identity_id = None
    cognito_identity_pool_id = None
