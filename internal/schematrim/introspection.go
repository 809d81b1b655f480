package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// introspection is the part of an introspection answer that SDL can say.
type introspection struct {
	QueryType    named       `json:"queryType"`
	MutationType named       `json:"mutationType"`
	Types        []typeDef   `json:"types"`
	Directives   []directive `json:"directives"`
}

type named struct {
	Name string `json:"name"`
}

type typeDef struct {
	Kind           string       `json:"kind"`
	Name           string       `json:"name"`
	Fields         []field      `json:"fields"`
	InputFields    []inputValue `json:"inputFields"`
	Interfaces     []typeRef    `json:"interfaces"`
	PossibleTypes  []typeRef    `json:"possibleTypes"`
	EnumValues     []enumValue  `json:"enumValues"`
	IsOneOf        bool         `json:"isOneOf"`
	RequiredAccess string       `json:"requiredAccess"`
}

type field struct {
	Name           string       `json:"name"`
	Args           []inputValue `json:"args"`
	Type           typeRef      `json:"type"`
	RequiredAccess string       `json:"requiredAccess"`
	deprecation
}

type inputValue struct {
	Name         string  `json:"name"`
	Type         typeRef `json:"type"`
	DefaultValue *string `json:"defaultValue"`
	deprecation
}

type enumValue struct {
	Name string `json:"name"`
	deprecation
}

type deprecation struct {
	IsDeprecated      bool   `json:"isDeprecated"`
	DeprecationReason string `json:"deprecationReason"`
}

type directive struct {
	Name         string       `json:"name"`
	Locations    []string     `json:"locations"`
	Args         []inputValue `json:"args"`
	IsRepeatable bool         `json:"isRepeatable"`
}

type typeRef struct {
	Kind   string   `json:"kind"`
	Name   string   `json:"name"`
	OfType *typeRef `json:"ofType"`
}

// String is the type as SDL writes it.
func (t typeRef) String() string {
	switch {
	case t.Kind == "NON_NULL" && t.OfType != nil:
		return t.OfType.String() + "!"
	case t.Kind == "LIST" && t.OfType != nil:
		return "[" + t.OfType.String() + "]"
	}
	return t.Name
}

// required says whether an argument or input field must be given.
func (v inputValue) required() bool {
	return v.Type.Kind == "NON_NULL" && v.DefaultValue == nil
}

// decode reads an introspection answer, gzipped or not.
func decode(raw []byte) (*introspection, error) {
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		zr, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, fmt.Errorf("gunzip the introspection: %w", err)
		}
		if raw, err = io.ReadAll(zr); err != nil {
			return nil, fmt.Errorf("gunzip the introspection: %w", err)
		}
	}
	var answer struct {
		Data struct {
			Schema *introspection `json:"__schema"`
		} `json:"data"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("decode the introspection: %w", err)
	}
	if answer.Data.Schema == nil || answer.Data.Schema.QueryType.Name == "" {
		return nil, errors.New("not an introspection answer: data.__schema.queryType is missing")
	}
	return answer.Data.Schema, nil
}
