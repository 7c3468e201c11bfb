using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Glue.Demo;
using AdaLora.Glue.Tasks;
using AdaLora.Transformers;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Glue.Tests.Methods;

/// <summary>What a method has trained comes back from its folder, and a model is restored when the method is removed.</summary>
public sealed class SavedMethodsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public static TheoryData<string> Methods => [.. TrainingMethods.All.Select(method => method.Name)];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Trained_values_come_back(string name)
    {
        using var scope = NewDisposeScope();
        var settings = RunSettings.Of(GlueTasks.Find("cola"), GlueTasks.Catalog.FindMethod(name));
        using var model = Load();
        var plain = Logits(model);
        Tensor trained;
        using (var prepared = settings.Method.Attach(BaseModel.Of(model), settings, NullLogger.Instance))
        {
            using (no_grad())
            {
                foreach (var parameter in model.parameters().Where(p => p.requires_grad))
                    parameter.add_(0.01);
            }

            trained = Logits(model);
            Assert.False(plain.allclose(trained));
            Assert.NotEmpty(prepared.Save(_folder));
        }

        using var other = Load();
        using (settings.Method.Load(BaseModel.Of(other), settings, _folder))
            Assert.True(trained.allclose(Logits(other), rtol: 0, atol: 1e-6));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static SequenceClassifier Load() => AutoModel.SequenceClassifier(DemoDefaults.EncoderFolder, 2, new PretrainedOptions { Seed = 1, NewHead = true });

    private static Tensor Logits(SequenceClassifier model)
    {
        using var noGrad = no_grad();
        model.eval();
        return model.call(tensor(new long[] { 2, 7, 9, 3 }).unsqueeze(0), null, null);
    }
}
