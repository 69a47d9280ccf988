package config

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// fileError is a mistake in the file, at a line and, where it has one, a key.
type fileError struct {
	file string
	line int
	key  string
	text string
}

func (e *fileError) Error() string {
	where := e.file
	if e.line > 0 {
		where = fmt.Sprintf("%s line %d", e.file, e.line)
	}
	if e.key == "" {
		return where + ": " + e.text
	}
	return where + ": " + e.key + " " + e.text
}

// document is a parsed file.
type document struct {
	file string
	root *yaml.Node // a mapping, nil for an empty file
}

// parseDocument reads YAML whose root is a mapping.
func parseDocument(file string, content []byte) (document, error) {
	var node, more yaml.Node
	reader := yaml.NewDecoder(bytes.NewReader(content))
	if err := reader.Decode(&node); err != nil && err != io.EOF {
		return document{}, &fileError{file: file, text: strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	if err := reader.Decode(&more); err == nil {
		return document{}, &fileError{file: file, line: more.Line, text: "the file should be one YAML document, this is the second"}
	} else if err != io.EOF {
		return document{}, &fileError{file: file, text: strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	if node.Kind == 0 || len(node.Content) == 0 || isNull(node.Content[0]) {
		return document{file: file}, nil
	}
	root := node.Content[0]
	if root.Kind != yaml.MappingNode {
		return document{}, &fileError{file: file, line: root.Line, text: "the file should be a list of keys and values"}
	}
	return document{file: file, root: root}, nil
}

// child is the value of a key of a mapping, nil where it is absent.
func child(mapping *yaml.Node, name string) *yaml.Node {
	if mapping == nil {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return resolve(mapping.Content[i+1])
		}
	}
	return nil
}

// resolve follows a YAML alias to what it stands for.
func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Tag == "!!null"
}

// section decodes a mapping into a struct of the schema. A key that is absent
// or empty leaves its field as it is; path names the mapping in errors.
func (d document) section(node *yaml.Node, target reflect.Value, path string) error {
	if node == nil || isNull(node) {
		return nil
	}
	if node.Kind != yaml.MappingNode {
		return d.errorAt(node, path, "should be a list of keys and values")
	}
	known := map[string]key{}
	for _, k := range keysOf(target.Type()) {
		known[k.name] = k
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], resolve(node.Content[i+1])
		full := join(path, name.Value)
		k, ok := known[name.Value]
		switch {
		case !ok:
			return d.errorAt(name, full, "is not a key of Recant's configuration")
		case seen[name.Value]:
			return d.errorAt(name, full, "is given twice")
		}
		seen[name.Value] = true
		if err := d.value(value, k, target.FieldByIndex(k.at), full); err != nil {
			return err
		}
	}
	return nil
}

// value decodes what a key holds. Lists of sections are left to Load, because
// their items start from the finished top level.
func (d document) value(node *yaml.Node, k key, target reflect.Value, path string) error {
	switch {
	case isNull(node) || k.list():
		return nil
	case k.section():
		return d.section(node, target, path)
	case target.Kind() == reflect.Slice:
		return d.list(node, target, path)
	case target.Kind() == reflect.Map:
		return d.entries(node, target, path)
	}
	return d.scalar(node, target, path)
}

func (d document) list(node *yaml.Node, target reflect.Value, path string) error {
	items := []*yaml.Node{node} // one value stands for a list of one
	if node.Kind == yaml.SequenceNode {
		items = node.Content
	}
	list := reflect.MakeSlice(target.Type(), 0, len(items))
	for i, item := range items {
		element := reflect.New(target.Type().Elem()).Elem()
		if err := d.scalar(resolve(item), element, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
		list = reflect.Append(list, element)
	}
	target.Set(list)
	return nil
}

func (d document) entries(node *yaml.Node, target reflect.Value, path string) error {
	if node.Kind != yaml.MappingNode {
		return d.errorAt(node, path, "should be names with values")
	}
	if target.IsNil() {
		target.Set(reflect.MakeMap(target.Type()))
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i].Value
		if seen[name] {
			return d.errorAt(node.Content[i], join(path, name), "is given twice")
		}
		seen[name] = true
		element := reflect.New(target.Type().Elem()).Elem()
		if err := d.scalar(resolve(node.Content[i+1]), element, join(path, name)); err != nil {
			return err
		}
		target.SetMapIndex(reflect.ValueOf(name), element)
	}
	return nil
}

// scalar decodes a single value. Null is none: its text, "~", would make an item
// of a list that nobody wrote, such as a key.
func (d document) scalar(node *yaml.Node, target reflect.Value, path string) error {
	if node.Kind != yaml.ScalarNode || isNull(node) {
		return d.errorAt(node, path, "should be a single value")
	}
	if err := setScalar(target, node.Value); err != nil {
		return d.errorAt(node, path, err.Error())
	}
	return nil
}

func (d document) errorAt(node *yaml.Node, key, text string) error {
	return &fileError{file: d.file, line: node.Line, key: key, text: text}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
