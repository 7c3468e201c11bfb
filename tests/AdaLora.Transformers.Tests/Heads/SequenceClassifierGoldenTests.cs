using AdaLora.TestSupport;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tests.Families;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Heads;

public sealed class SequenceClassifierGoldenTests
{
    public static TheoryData<string> Cases => EncoderGolden.Cases("ForSequenceClassification");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Every_layer_the_logits_the_loss_and_all_gradients_match(string name)
    {
        using var golden = new EncoderGolden(name);
        golden.RequireSupport();
        using var scope = NewDisposeScope();
        using var model = AutoModel.SequenceClassifier(golden.Folder, options: new PretrainedOptions { Device = TestDevice.Current });
        Assert.Empty(model.LoadReport!.NewlyInitialized);
        Assert.Empty(model.LoadReport.Unexpected);

        var hidden = model.Encoder.HiddenStates(golden.Ids, golden.Mask, golden.Types);
        for (var layer = 0; layer < hidden.Count; layer++)
            golden.CompareReal($"hidden.{layer}", hidden[layer]);
        if (model.Encoder is BertModel bert && golden.Find("pooler_output") is not null)
            golden.Compare("pooler_output", bert.Pool(hidden[^1]));

        var logits = model.call(golden.Ids, golden.Mask, golden.Types);
        golden.Compare("logits", logits);
        var loss = model.Loss(logits, golden["input.labels"]);
        golden.Compare("loss", loss.view(1));
        loss.backward();
        golden.CompareGradients(model);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Missing_mask_missing_types_a_row_alone_and_double_precision_match(string name)
    {
        using var golden = new EncoderGolden(name);
        golden.RequireSupport();
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = AutoModel.SequenceClassifier(golden.Folder, options: new PretrainedOptions { Device = TestDevice.Current });
        if (golden.Find("no_mask.logits") is not null)
            golden.Compare("no_mask.logits", model.call(golden.Ids, null, golden.Types));
        if (golden.Find("no_types.logits") is not null)
            golden.Compare("no_types.logits", model.call(golden.Ids, golden.Mask, null));
        if (golden.Find("row2_alone.logits") is not null)
        {
            var length = golden.Mask[2].sum().item<long>();
            Tensor Row(Tensor all) => all[2].narrow(0, 0, length).unsqueeze(0);
            golden.Compare("row2_alone.logits", model.call(Row(golden.Ids), null, golden.Types is { } types ? Row(types) : null));
        }

        using var wide = AutoModel.SequenceClassifier(golden.Folder, options: new PretrainedOptions { Device = TestDevice.Current, Dtype = ScalarType.Float64 });
        var distance = (wide.call(golden.Ids, golden.Mask, golden.Types) - golden["logits_fp64"]).abs().max().item<double>();
        Assert.True(distance <= 1e-10 * TestDevice.ToleranceFactor, $"logits_fp64: off by {distance:G3}");
    }
}
