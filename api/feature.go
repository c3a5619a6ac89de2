package main

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// features are what a package exports, one on a line: no names of parameters,
// which may change, and nothing that is not exported.
func features(p *types.Package) []string {
	l := &lister{qualify: types.RelativeTo(p)}
	for _, name := range p.Scope().Names() {
		if object := p.Scope().Lookup(name); object.Exported() {
			l.object(object)
		}
	}
	slices.Sort(l.lines)
	return slices.Compact(l.lines)
}

type lister struct {
	qualify types.Qualifier
	lines   []string
}

func (l *lister) add(format string, values ...any) {
	l.lines = append(l.lines, fmt.Sprintf(format, values...))
}

func (l *lister) text(t types.Type) string { return types.TypeString(t, l.qualify) }

func (l *lister) object(object types.Object) {
	switch object := object.(type) {
	case *types.Const:
		l.add("const %s %s = %s", object.Name(), l.text(object.Type()), object.Val().ExactString())
	case *types.Var:
		l.add("var %s %s", object.Name(), l.text(object.Type()))
	case *types.Func:
		signature := object.Signature()
		l.add("func %s%s%s", object.Name(), l.parameters(signature.TypeParams()), l.signature(signature))
	case *types.TypeName:
		l.typeName(object)
	}
}

func (l *lister) typeName(object *types.TypeName) {
	named, ok := object.Type().(*types.Named)
	if object.IsAlias() || !ok {
		l.add("type %s = %s", object.Name(), l.text(types.Unalias(object.Type())))
		return
	}
	parameters := l.parameters(named.TypeParams())
	switch under := named.Underlying().(type) {
	case *types.Struct:
		l.add("type %s%s struct", object.Name(), parameters)
		l.fields(object.Name(), under)
	case *types.Interface:
		l.add("type %s%s interface", object.Name(), parameters)
		l.interfaceMethods(object.Name(), under)
		return
	default:
		l.add("type %s%s %s", object.Name(), parameters, l.text(under))
	}
	l.methods(object.Name(), named)
}

func (l *lister) fields(owner string, structure *types.Struct) {
	for i := range structure.NumFields() {
		field := structure.Field(i)
		if !field.Exported() {
			continue
		}
		tag := structure.Tag(i)
		if tag != "" {
			tag = " `" + tag + "`"
		}
		l.add("field %s.%s %s%s", owner, field.Name(), l.text(field.Type()), tag)
	}
}

func (l *lister) interfaceMethods(owner string, all *types.Interface) {
	hidden := false
	for method := range all.Methods() {
		if method.Exported() {
			l.add("method (%s) %s%s", owner, method.Name(), l.signature(method.Signature()))
		}
		hidden = hidden || !method.Exported()
	}
	if hidden {
		l.add("method (%s) has ones that are not exported", owner)
	}
}

// methods lists those of embedded types too.
func (l *lister) methods(owner string, named *types.Named) {
	value := types.NewMethodSet(named)
	for selection := range types.NewMethodSet(types.NewPointer(named)).Methods() {
		method, ok := selection.Obj().(*types.Func)
		if !ok || !method.Exported() {
			continue
		}
		receiver := "*" + owner
		if value.Lookup(method.Pkg(), method.Name()) != nil {
			receiver = owner
		}
		signature, _ := selection.Type().(*types.Signature) // that of the embedding type
		l.add("method (%s) %s%s", receiver, method.Name(), l.signature(signature))
	}
}

// parameters are those of a generic type or function.
func (l *lister) parameters(list *types.TypeParamList) string {
	if list.Len() == 0 {
		return ""
	}
	var parameters []string
	for parameter := range list.TypeParams() {
		parameters = append(parameters, parameter.Obj().Name()+" "+l.text(parameter.Constraint()))
	}
	return "[" + strings.Join(parameters, ", ") + "]"
}

// signature is that of a function without the names in it.
func (l *lister) signature(s *types.Signature) string {
	nameless := types.NewSignatureType(nil, nil, nil, withoutNames(s.Params()), withoutNames(s.Results()), s.Variadic())
	return strings.TrimPrefix(l.text(nameless), "func")
}

func withoutNames(all *types.Tuple) *types.Tuple {
	var nameless []*types.Var
	for variable := range all.Variables() {
		nameless = append(nameless, types.NewParam(0, variable.Pkg(), "", variable.Type()))
	}
	return types.NewTuple(nameless...)
}
