package cli

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// action is what the test reads of action.yml.
type action struct {
	Inputs map[string]struct {
		Default string `yaml:"default"`
	} `yaml:"inputs"`
	Runs struct {
		Using string       `yaml:"using"`
		Steps []actionStep `yaml:"steps"`
	} `yaml:"runs"`
}

type actionStep struct {
	Shell string            `yaml:"shell"`
	Env   map[string]string `yaml:"env"`
	Run   string            `yaml:"run"`
}

// runAction runs the steps of action.yml as a runner does, in dir, until one
// fails; files are what the steps wrote for the runner.
func runAction(t *testing.T, dir string, inputs map[string]string) (code int, stdout string, files map[string]string) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(root, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(data, &a); err != nil {
		t.Fatal(err)
	}
	if a.Runs.Using != "composite" || len(a.Runs.Steps) == 0 {
		t.Fatalf("action.yml: %+v", a.Runs)
	}
	temp := t.TempDir()
	env := append(os.Environ(), fixtureDay, "RUNNER_TEMP="+temp, "GITHUB_WORKSPACE="+dir)
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH"} {
		env = append(env, name+"="+filepath.Join(temp, name))
	}
	replace := []string{"${{ github.action_path }}", root}
	for name, in := range a.Inputs {
		value, ok := inputs[name]
		if !ok {
			value = in.Default
		}
		replace = append(replace, "${{ inputs."+name+" }}", value)
	}
	expand := strings.NewReplacer(replace...)
	var out bytes.Buffer
	for _, step := range a.Runs.Steps {
		if step.Shell != "bash" || strings.Contains(step.Run, "${{") {
			t.Errorf("values must come by the environment, in bash: %+v", step)
		}
		cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run)
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &out, os.Stderr
		for name, value := range step.Env {
			cmd.Env = append(cmd.Env, name+"="+expand.Replace(value))
		}
		if err := cmd.Run(); err != nil {
			var exit *exec.ExitError
			if !errors.As(err, &exit) {
				t.Skip(err) // no bash
			}
			code = exit.ExitCode()
			break
		}
	}
	files = map[string]string{}
	list, err := os.ReadDir(temp)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		content, err := os.ReadFile(filepath.Join(temp, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name()] = string(content)
	}
	return code, out.String(), files
}

// slowProject is a project in which an interface imports what it should not.
func slowProject(t *testing.T, folder string) (dir string) {
	t.Helper()
	return initProject(t, map[string]string{
		folder + "fastpath.toml": "entries = [\"app:handler\"]\n[modules]\nforbidden = [\"wave\"]\n[rules]\nFP101 = \"off\"\nFP108 = \"off\"\n",
		folder + "app.py":        "import interfaces\n\n\ndef handler(event, context):\n    return interfaces.play(event)\n",
		folder + "interfaces.py": "import wave\n\n\ndef play(event):\n    return wave.open(event)\n",
	})
}

// TestAction runs the steps of the GitHub Action on a project in a folder of
// its repository.
func TestAction(t *testing.T) {
	dir := slowProject(t, "service/")
	code, stdout, files := runAction(t, dir, map[string]string{"project": "service"})
	if code != ExitFindings || !strings.Contains(stdout, "::error file=service/interfaces.py,line=1,") {
		t.Errorf("exit %d:\n%s", code, stdout)
	}
	if s := files["GITHUB_STEP_SUMMARY"]; !strings.Contains(s, "| error | `interfaces.py:1:8` | forbidden module \"wave\"") {
		t.Errorf("summary:\n%s", s)
	}
	if !strings.Contains(files["GITHUB_OUTPUT"], "fastpath.sarif\n") {
		t.Errorf("output %q", files["GITHUB_OUTPUT"])
	}
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "report", "testdata", "sarif-schema-2.1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(files["fastpath.sarif"]))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Error(err)
	}
}

func TestActionClean(t *testing.T) {
	dir := slowProject(t, "")
	if err := os.WriteFile(filepath.Join(dir, "interfaces.py"), []byte("def play(event):\n    import wave\n\n    return wave.open(event)\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, stdout, files := runAction(t, dir, map[string]string{"summary": "false"})
	if code != ExitOK || strings.Contains(stdout, "::") || files["GITHUB_STEP_SUMMARY"] != "" || files["fastpath.sarif"] == "" {
		t.Errorf("exit %d:\n%s\n%v", code, stdout, files)
	}
}

// A mistake is no finding: the step fails with the code that says so.
func TestActionMistake(t *testing.T) {
	dir := slowProject(t, "")
	code, _, files := runAction(t, dir, map[string]string{"project": "$(touch x); nowhere"})
	if code != ExitUsage || files["fastpath.sarif"] != "" {
		t.Errorf("exit %d, %v", code, files)
	}
	if _, err := os.Stat(filepath.Join(dir, "x")); err == nil {
		t.Error("an input was run as a command")
	}
}

// TestPreCommit runs the hook of this repository with pre-commit itself.
func TestPreCommit(t *testing.T) {
	precommit := checker(t, "pre-commit")
	hooks, err := os.ReadFile(filepath.Join("..", "..", ".pre-commit-hooks.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	product := initProject(t, map[string]string{".pre-commit-hooks.yaml": string(hooks)})
	user := slowProject(t, "")
	env := append(os.Environ(), fixtureDay, "PRE_COMMIT_HOME="+t.TempDir(), "GIT_CONFIG_GLOBAL="+os.DevNull)
	run := func(dir string, args ...string) (string, error) {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	commit := func(dir string) string {
		for _, args := range [][]string{
			{"git", "init", "-q"},
			{"git", "add", "."},
			{"git", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "all"},
		} {
			if out, err := run(dir, args...); err != nil {
				t.Fatalf("%v: %v\n%s", args, err, out)
			}
		}
		rev, err := run(dir, "git", "rev-parse", "HEAD")
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(rev)
	}
	config := "repos:\n- repo: " + product + "\n  rev: " + commit(product) + "\n  hooks:\n  - id: fastpath-system\n"
	if err := os.WriteFile(filepath.Join(user, ".pre-commit-config.yaml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	commit(user)
	out, err := run(user, precommit, "run", "--all-files")
	if err == nil || !strings.Contains(out, `interfaces.py:1:8: forbidden module "wave" loads at every cold start [FP203]`) || !strings.Contains(out, "exit code: 1") {
		t.Errorf("%v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(user, "interfaces.py"), []byte("def play(event):\n    import wave\n\n    return wave.open(event)\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := run(user, precommit, "run", "--all-files"); err != nil || !strings.Contains(out, "Passed") {
		t.Errorf("%v\n%s", err, out)
	}
}
