using AdaLora.Experiments.Reports;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class ModuleNameTests
{
    [Theory]
    [InlineData("bert.encoder.layer.3.attention.self.query", "bert.encoder.layer", 3, "attention.self.query")]
    [InlineData("roberta.encoder.layer.11.output.dense", "roberta.encoder.layer", 11, "output.dense")]
    [InlineData("distilbert.transformer.layer.0.attention.q_lin", "distilbert.transformer.layer", 0, "attention.q_lin")]
    [InlineData("deberta.encoder.layer.2.attention.self.query_proj", "deberta.encoder.layer", 2, "attention.self.query_proj")]
    [InlineData("transformer.h.4.attn.c_attn", "transformer.h", 4, "attn.c_attn")]
    [InlineData("encoder.block.5.layer.1.DenseReluDense.wi_0", "encoder.block", 5, "layer.1.DenseReluDense.wi_0")]
    [InlineData("2.weight", "", 2, "weight")]
    [InlineData("electra.embeddings_project", "", null, "electra.embeddings_project")]
    [InlineData("layer2.conv1", "", null, "layer2.conv1")]
    [InlineData("stack.3", "", null, "stack.3")]
    public void Name_is_split_around_its_first_number(string name, string prefix, int? layer, string matrix) =>
        Assert.Equal(new ModuleName(prefix, layer, matrix), ModuleName.Parse(name));
}
