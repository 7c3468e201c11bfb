using AdaLora.TestSupport;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tests.Families;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Heads;

public sealed class QuestionAnswererGoldenTests
{
    public static TheoryData<string> Cases => EncoderGolden.Cases("ForQuestionAnswering");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Start_and_end_logits_the_loss_and_all_gradients_match(string name)
    {
        using var golden = new EncoderGolden(name);
        golden.RequireSupport();
        using var scope = NewDisposeScope();
        using var model = AutoModel.QuestionAnswerer(golden.Folder, new PretrainedOptions { Device = TestDevice.Current });
        var logits = model.call(golden.Ids, golden.Mask, golden.Types);
        golden.CompareReal("start_logits", logits.select(-1, 0));
        golden.CompareReal("end_logits", logits.select(-1, 1));
        var loss = model.Loss(logits, golden["input.start_positions"], golden["input.end_positions"]);
        golden.Compare("loss", loss.view(1));
        loss.backward();
        golden.CompareGradients(model);
    }
}
