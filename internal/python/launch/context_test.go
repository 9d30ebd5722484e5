package launch

import (
	"os/exec"
	"strings"
	"testing"
)

func TestContextSource(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	cmd := exec.Command(python, "-c", ContextSource+`
a, b = LambdaContext("pkg.orders"), LambdaContext("pkg.orders")
print(a.function_name, a.function_version, a.memory_limit_in_mb, a.aws_request_id != b.aws_request_id, a.identity.cognito_identity_id)
print(a.invoked_function_arn, a.log_group_name, 0 < a.get_remaining_time_in_millis() <= 900000)
`)
	cmd.Env = []string{"AWS_REGION=eu-west-1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1024"}
	out, err := cmd.CombinedOutput()
	want := "orders $LATEST 1024 True None\narn:aws:lambda:eu-west-1:123456789012:function:orders /aws/lambda/orders True\n"
	if err != nil || strings.ReplaceAll(string(out), "\r\n", "\n") != want {
		t.Errorf("%v\n%s", err, out)
	}
}
