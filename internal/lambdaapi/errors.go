package lambdaapi

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// maxError bounds the body of a posted error, in bytes; what is beyond is cut.
const maxError = 1 << 20

// FunctionError is an error that the process reported to the API: that of the
// user's code, or the client's own (Runtime.ImportModuleError, …).
type FunctionError struct {
	Type, Message string
	Traceback     string // as Python prints it, "" where there is none
}

// Error returns type and message.
func (e *FunctionError) Error() string {
	switch {
	case e.Message == "":
		return e.Type
	case e.Type == "":
		return e.Message
	}
	return e.Type + ": " + e.Message
}

// readError reads a posted error. A body that is not of the documented form
// becomes the message as it is, so that nothing gets lost.
func readError(r *http.Request) *FunctionError {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxError)) // what arrived before the end counts
	return parseError(body, r.Header.Get("Lambda-Runtime-Function-Error-Type"))
}

func parseError(body []byte, kind string) *FunctionError {
	var posted struct {
		Type      string   `json:"errorType"`
		Message   string   `json:"errorMessage"`
		Stack     []string `json:"stackTrace"`
		Traceback string   `json:"traceback"` // of our own client
	}
	e := &FunctionError{}
	if err := json.Unmarshal(body, &posted); err != nil {
		e.Message = strings.ToValidUTF8(strings.TrimSpace(string(body)), "\uFFFD")
	} else {
		e.Type, e.Message, e.Traceback = posted.Type, posted.Message, posted.Traceback
	}
	if e.Type == "" {
		e.Type = kind
	}
	if e.Type == "" {
		e.Type = "Runtime.Unknown"
	}
	if e.Traceback == "" && len(posted.Stack) > 0 {
		e.Traceback = "Traceback (most recent call last):\n" + strings.Join(posted.Stack, "") + e.Error() + "\n"
	}
	return e
}
