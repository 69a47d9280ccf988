// Command genrecords writes the Go code of the record schemas. It compiles
// .proto files itself and runs the module's own protoc-gen-go on them, so that
// generating needs nothing but the Go toolchain:
//
//	go run ./internal/genrecords -out store/record store/record/record.proto
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/pluginpb"
)

func main() {
	out := flag.String("out", ".", "directory that receives the .pb.go files")
	flag.Parse()
	if err := run(context.Background(), *out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "genrecords:", err)
		os.Exit(1)
	}
}

// run generates one .pb.go file in the directory out for each schema.
func run(ctx context.Context, out string, schemas []string) error {
	if len(schemas) == 0 {
		return errors.New("no .proto file given")
	}
	for _, schema := range schemas {
		request, err := compile(ctx, schema)
		if err != nil {
			return fmt.Errorf("compile %s: %w", schema, err)
		}
		response, err := generate(ctx, request)
		if err != nil {
			return fmt.Errorf("generate code of %s: %w", schema, err)
		}
		for _, file := range response.GetFile() {
			name := filepath.Join(out, filepath.Base(file.GetName()))
			if err := os.WriteFile(name, []byte(file.GetContent()), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// compile turns one schema, named by its base name as its imports would name
// it, into what protoc would hand to a plugin.
func compile(ctx context.Context, schema string) (*pluginpb.CodeGeneratorRequest, error) {
	name := filepath.Base(schema)
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
			ImportPaths: []string{filepath.Dir(schema)},
		}),
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	files, err := compiler.Compile(ctx, name)
	if err != nil {
		return nil, err
	}
	request := &pluginpb.CodeGeneratorRequest{
		FileToGenerate: []string{name},
		Parameter:      proto.String("paths=source_relative"),
	}
	// A plugin wants every import before the file that imports it.
	seen := map[string]bool{}
	var add func(file protoreflect.FileDescriptor)
	add = func(file protoreflect.FileDescriptor) {
		if seen[file.Path()] {
			return
		}
		seen[file.Path()] = true
		imports := file.Imports()
		for i := range imports.Len() {
			add(imports.Get(i).FileDescriptor)
		}
		request.ProtoFile = append(request.ProtoFile, protoutil.ProtoFromFileDescriptor(file))
	}
	add(files[0])
	return request, nil
}

// generate runs protoc-gen-go, at the version of the module's go.mod.
func generate(ctx context.Context, request *pluginpb.CodeGeneratorRequest) (*pluginpb.CodeGeneratorResponse, error) {
	input, err := proto.Marshal(request)
	if err != nil {
		return nil, err
	}
	plugin := exec.CommandContext(ctx, "go", "tool", "protoc-gen-go")
	plugin.Stdin = bytes.NewReader(input)
	plugin.Stderr = os.Stderr
	output, err := plugin.Output()
	if err != nil {
		return nil, fmt.Errorf("go tool protoc-gen-go: %w", err)
	}
	response := &pluginpb.CodeGeneratorResponse{}
	if err := proto.Unmarshal(output, response); err != nil {
		return nil, err
	}
	if response.Error != nil {
		return nil, errors.New(response.GetError())
	}
	return response, nil
}
