using AdaLora.Tests.Models;
using AdaLora.Training;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training.Optimizers;

/// <summary>What <see cref="FusedAdamW"/> refuses, and with which message.</summary>
public sealed class OptimizerRefusalTests
{
    [Fact]
    public void Numbers_out_of_range_are_refused_together()
    {
        using var parameter = new Parameter(ones(3));

        var message = Assert.Throws<ArgumentException>(() => new FusedAdamW([parameter], double.NaN, double.NaN, double.NaN, double.PositiveInfinity, double.NaN)).Message;

        foreach (var part in (string[])["learning rate", "beta1", "beta2", "epsilon", "weight decay"])
            Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new FusedAdamW([parameter], -1));
        Assert.Throws<ArgumentNullException>(() => new FusedAdamW((IEnumerable<Parameter>)null!));
        Assert.Throws<ArgumentNullException>(() => new FusedAdamW((IEnumerable<AdamW.ParamGroup>)null!));
        Assert.Throws<ArgumentNullException>(() => new FusedAdamW([parameter, null!]));
    }

    [Fact]
    public void Parameters_that_cannot_be_trained_are_refused_together()
    {
        using var twice = new Parameter(ones(3));
        using var complex = new Parameter(ones([3], ScalarType.ComplexFloat32));
        var freed = new Parameter(ones(3));
        freed.Dispose();

        var message = Assert.Throws<ArgumentException>(() => new FusedAdamW([twice, twice, complex, freed])).Message;

        Assert.Contains("parameter 1 is listed twice; parameter 2 holds ComplexFloat32; only Float32, Float64, Float16 and BFloat16 can be trained; parameter 3 was freed", message,
            StringComparison.Ordinal);
    }

    /// <summary>Its finaliser runs all the same, and an exception there would end the process.</summary>
    [Fact]
    public void An_optimiser_that_was_never_made_can_be_collected()
    {
        for (var i = 0; i < 20; i++)
            Assert.Throws<ArgumentNullException>(() => new FusedAdamW((IEnumerable<Parameter>)null!));
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    [Fact]
    public void What_a_group_asks_for_is_followed_or_refused()
    {
        using var parameter = new Parameter(ones(3));
        using var other = new Parameter(ones(3));
        using var optimizer = new FusedAdamW([parameter]);

        foreach (var (options, word) in ((AdamW.Options, string)[])[(new() { amsgrad = true }, "amsgrad"), (new() { maximize = true }, "maximize"), (new() { beta1 = 2 }, "beta1 is 2")])
        {
            Assert.Contains(word, Assert.Throws<ArgumentException>(() => optimizer.add_param_group(new AdamW.ParamGroup { Parameters = [other], Options = options })).Message,
                StringComparison.Ordinal);
        }

        Assert.Contains("not a parameter group of AdamW", Assert.Throws<ArgumentException>(() => optimizer.add_param_group(new SGD.ParamGroup([other]))).Message, StringComparison.Ordinal);
        Assert.Contains("listed twice", Assert.Throws<ArgumentException>(() => optimizer.add_param_group(new AdamW.ParamGroup { Parameters = [parameter] })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => optimizer.add_param_group(null!));
        Assert.Throws<ArgumentNullException>(() => optimizer.add_param_group(new AdamW.ParamGroup()));
        Assert.Single(optimizer.ParamGroups);
        optimizer.add_param_group(new AdamW.ParamGroup { Parameters = [other], Options = new AdamW.Options { LearningRate = 1 } });
        Assert.Equal([1e-3, 1], optimizer.ParamGroups.Select(g => g.LearningRate));
    }

    [Fact]
    public void A_model_that_was_moved_is_named_as_the_cause()
    {
        using var model = new TinyModel();
        using var optimizer = new FusedAdamW([.. model.parameters()]);
        _ = model.to(ScalarType.Float64);
        Assert.Contains("Move the model first", Assert.Throws<InvalidOperationException>(() => optimizer.step()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sparse_gradients_are_refused()
    {
        using var table = nn.Embedding(10, 4, sparse: true);
        using var optimizer = new FusedAdamW([.. table.parameters()]);
        using var scope = NewDisposeScope();
        table.call(tensor([1L, 2L])).sum().backward();
        Assert.Contains("sparse", Assert.Throws<InvalidOperationException>(() => optimizer.step()).Message, StringComparison.Ordinal);
    }
}
