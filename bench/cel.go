// cel.go: for each line read, nanoseconds of each expression of cel.json by
// cel-go with its optimiser.

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/interpreter"
)

type subject struct {
	program cel.Program
	times   int
}

// Whole numbers are int to CEL.
func whole(value any) any {
	switch v := value.(type) {
	case float64:
		return int64(v)
	case map[string]any:
		for key := range v {
			v[key] = whole(v[key])
		}
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	}

	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "cel-go:", err)
		os.Exit(1)
	}
}

func measure(s subject, values interpreter.Activation) time.Duration {
	start := time.Now()

	for i := 0; i < s.times; i++ {
		out, _, err := s.program.Eval(values)
		check(err)

		if out.Value() != true {
			check(fmt.Errorf("not true"))
		}
	}

	return time.Since(start)
}

// The keys of an object in the order of the text.
func names(text []byte) []string {
	var list []string

	decoder := json.NewDecoder(bytes.NewReader(text))
	_, err := decoder.Token()
	check(err)

	for decoder.More() {
		name, err := decoder.Token()
		check(err)
		list = append(list, name.(string))
		_, err = decoder.Token()
		check(err)
	}

	return list
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	check(err)

	var input map[string]json.RawMessage
	var expressions map[string]string

	check(json.Unmarshal(text, &input))
	check(json.Unmarshal(input["expressions"], &expressions))

	values := map[string]any{}
	var variables []cel.EnvOption

	for _, name := range []string{"claims", "request", "tenant"} {
		var value map[string]any

		check(json.Unmarshal(input[name], &value))
		values[name] = whole(value)
		variables = append(variables, cel.Variable(name,
			cel.MapType(cel.StringType, cel.DynType)))
	}

	env, err := cel.NewEnv(variables...)
	check(err)
	activation, err := interpreter.NewActivation(values)
	check(err)

	var subjects []subject

	for _, name := range names(input["expressions"]) {
		ast, issues := env.Compile(expressions[name])
		check(issues.Err())
		program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
		check(err)

		s := subject{program, 1}

		for measure(s, activation) < 20*time.Millisecond {
			s.times *= 2
		}

		subjects = append(subjects, s)
	}

	lines := bufio.NewScanner(os.Stdin)

	for lines.Scan() {
		for i, s := range subjects {
			if i > 0 {
				fmt.Print(" ")
			}

			fmt.Print(float64(measure(s, activation).Nanoseconds()) /
				float64(s.times))
		}

		fmt.Println()
	}
}
