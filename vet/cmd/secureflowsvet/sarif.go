package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"golang.org/x/tools/go/analysis"
)

// The part of SARIF 2.1.0 that code scanning reads.
type (
	sarif struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID                   string             `json:"id"`
		ShortDescription     sarifText          `json:"shortDescription"`
		FullDescription      sarifText          `json:"fullDescription"`
		Help                 sarifText          `json:"help"`
		HelpURI              string             `json:"helpUri"`
		DefaultConfiguration sarifConfiguration `json:"defaultConfiguration"`
	}
	sarifConfiguration struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID              string            `json:"ruleId"`
		RuleIndex           int               `json:"ruleIndex"`
		Level               string            `json:"level"`
		Message             sarifText         `json:"message"`
		Locations           []sarifLocation   `json:"locations"`
		PartialFingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifLocation struct {
		PhysicalLocation sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		ArtifactLocation sarifArtifact `json:"artifactLocation"`
		Region           sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
)

func sarifOf(analyzers []*analysis.Analyzer, findings []finding) sarif {
	driver := sarifDriver{
		Name:           "secureflowsvet",
		InformationURI: "https://github.com/secureflows/secureflows-go/blob/main/vet/README.md",
	}
	index := map[string]int{}
	for i, analyzer := range analyzers {
		index[analyzer.Name] = i
		text := sarifText{analyzer.Doc}
		driver.Rules = append(driver.Rules, sarifRule{
			ID: analyzer.Name, ShortDescription: text, FullDescription: text, Help: sarifText{"See " + analyzer.URL},
			HelpURI: analyzer.URL, DefaultConfiguration: sarifConfiguration{"error"},
		})
	}
	run := sarifRun{Tool: sarifTool{driver}, Results: []sarifResult{}}
	repeated := map[string]int{}
	for _, f := range findings {
		run.Results = append(run.Results, resultOf(f, index[f.Rule], repeated))
	}
	return sarif{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}}
}

// resultOf gives one result. Its fingerprint leaves the line out, so that a
// finding stays the same one when code above it changes.
func resultOf(f finding, rule int, repeated map[string]int) sarifResult {
	key := f.Rule + "\x00" + f.Start.Filename + "\x00" + f.Message
	repeated[key]++
	digest := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, repeated[key]))
	return sarifResult{
		RuleID: f.Rule, RuleIndex: rule, Level: "error", Message: sarifText{f.Message},
		Locations: []sarifLocation{{sarifPhysical{
			sarifArtifact{f.Start.Filename},
			sarifRegion{f.Start.Line, f.Start.Column, f.End.Line, max(f.End.Column, f.Start.Column)},
		}}},
		PartialFingerprints: map[string]string{"secureflowsvet/v1": hex.EncodeToString(digest[:16])},
	}
}
