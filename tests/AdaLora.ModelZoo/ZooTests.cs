using AdaLora.TestSupport;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.ModelZoo;

/// <summary>What must hold for every model and every way.</summary>
public sealed class ZooTests
{
    private const double Rounding = 1e-5;

    public static TheoryData<string> Names => [.. Zoo.Models.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_plan_says_how_each_is_attached_and_attaching_does_it(string name)
    {
        using var scope = NewDisposeScope();
        var zoo = Zoo.Models[name];
        var model = zoo.New();
        var plan = AdaLoraModel.Plan(model, zoo.Options);
        Assert.Empty(plan.Problems);
        Assert.Equal(zoo.Expected.OrderBy(e => e.Key, StringComparer.Ordinal), plan.Adapters.ToDictionary(a => a.Name, a => a.Attachment).OrderBy(e => e.Key, StringComparer.Ordinal));
        using var adapted = AdaLoraModel.Attach(model, zoo.Options);
        Assert.Equal(
            plan.Adapters.Select(a => (a.Name, a.Attachment, a.AttachmentReason, a.OutFeatures, a.InFeatures)),
            adapted.Report().Modules.Select(m => (m.Name, m.Attachment, m.AttachmentReason, m.OutFeatures, m.InFeatures)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Attaching_changes_no_output_and_detaching_gives_back_every_bit(string name)
    {
        using var scope = NewDisposeScope();
        var zoo = Zoo.Models[name];
        var model = zoo.New();
        var (outputs, state) = (ZooModel.Run(model), State(model));
        using var adapted = AdaLoraModel.Attach(model, zoo.Options);
        // A grouped or fused product may be summed in another order.
        Close(outputs, ZooModel.Run(model));
        Train(adapted, model, 3);
        using (adapted.DisableAdapters())
            Close(outputs, ZooModel.Run(model));
        adapted.Detach();

        Assert.Equal(state, State(model));
        Assert.Equal(outputs, ZooModel.Run(model));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_learns_and_can_be_saved_loaded_and_merged(string name)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var zoo = Zoo.Models[name];
        var model = zoo.New();
        using var adapted = AdaLoraModel.Attach(model, zoo.Options);
        var first = ZooModel.Loss(model).item<float>();
        Train(adapted, model, 30);
        Assert.True(adapted.IsPatternFinal);
        Assert.Equal(2 * zoo.Expected.Count, adapted.LiveTriplets);
        Assert.True(ZooModel.Loss(model).item<float>() < 0.97f * first);

        adapted.Save(folder.Path);
        var outputs = ZooModel.Run(model);
        var fresh = zoo.New();
        using var loaded = AdaLoraModel.Load(fresh, folder.Path, attachment: zoo.Attachment);
        Assert.Equal(adapted.Report().Modules.Select(m => (m.Name, m.Attachment)), loaded.Report().Modules.Select(m => (m.Name, m.Attachment)));
        Close(outputs, ZooModel.Run(fresh));

        adapted.Merge();
        Close(outputs, ZooModel.Run(model));
        adapted.Unmerge();
        Close(outputs, ZooModel.Run(model));
        adapted.MergeAndDetach();
        Close(outputs, ZooModel.Run(model));
    }

    private static void Train(AdaLoraModel adapted, nn.Module<Tensor, Tensor> model, int steps)
    {
        using var optimizer = new FusedAdamW(adapted.TrainableParameters, 0.02);
        for (var i = 0; i < steps; i++)
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            ZooModel.Loss(model).backward();
            if (adapted.BeforeOptimizerStep(1.0).ReadIsFinite())
                optimizer.step();
            adapted.AfterOptimizerStep();
        }
    }

    private static void Close(float[] expected, float[] actual) => Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, Rounding));

    private static List<(string, bool, string)> State(nn.Module model) =>
    [
        .. model.named_parameters().Select(p => (p.name, p.parameter.requires_grad, Convert.ToHexString(p.parameter.contiguous().bytes))),
        .. model.named_buffers().Select(b => (b.name, false, Convert.ToHexString(b.buffer.contiguous().bytes))),
    ];
}
