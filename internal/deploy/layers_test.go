package deploy

import (
	"slices"
	"testing"

	"fastpath/internal/project"
	"fastpath/internal/testtree"
)

func TestLayers(t *testing.T) {
	root := t.TempDir()
	testtree.Write(t, root, map[string]string{"deploy/template.yaml": `Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Layers: [!Ref Common]
Resources:
  Common:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: ../layers/common/}
  Built:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: built}
    Metadata: {BuildMethod: python3.12}
  Bucket:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: "s3://bucket/layer.zip"}
  Outside:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: ../../elsewhere}
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Layers:
        - !Ref Built
        - {Ref: Bucket}
        - !Ref Outside
        - arn:aws:lambda:eu-west-1:123456789012:layer:insights:1
  Plain:
    Type: AWS::Lambda::Function
    Properties:
      Layers: [{Ref: Built}]
  Alone:
    Type: AWS::Serverless::Function
    IgnoreGlobals: [Layers]
`})
	d, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	for function, want := range map[string][]string{
		"Orders": {"deploy/built", "layers/common/python"},
		"Plain":  {"deploy/built"},
		"Alone":  nil,
	} {
		var got []string
		for _, l := range d.Layers(&project.Entry{Function: function, Source: "deploy/template.yaml:1"}) {
			got = append(got, l.Dir)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", function, got, want)
		}
	}
}
