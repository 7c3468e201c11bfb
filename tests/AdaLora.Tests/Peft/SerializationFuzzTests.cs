using AdaLora.Peft;
using AdaLora.Safetensors;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

/// <summary>Damaged files of every kind that the library reads.</summary>
public sealed class SerializationFuzzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Safetensors()
    {
        var root = TestMaterial.RequireGolden("models", "safetensors");
        List<byte[]> samples = [.. Directory.GetFiles(root, "*.safetensors", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        var path = _folder.File("x.safetensors");
        Fuzzing.Run(samples, bytes => ReadAll(path, bytes), exception => exception is SafetensorsException, areGood: false);
    }

    [Fact]
    public void The_configuration_of_an_adapter() => FuzzAdapter("adapter_config.json", exception => exception is InvalidDataException or SafetensorsException or ArgumentException);

    [Fact]
    public void The_weights_of_an_adapter() => FuzzAdapter("adapter_model.safetensors", exception => exception is InvalidDataException or SafetensorsException);

    [Fact]
    public void The_configuration_of_an_inspected_adapter()
    {
        SaveAdapter();
        var path = _folder.File("adapter_config.json");
        Fuzzing.Run(
            [File.ReadAllBytes(path)],
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                _ = AdapterInspection.Read(_folder.Path);
            },
            exception => exception is InvalidDataException or SafetensorsException);
    }

    [Fact]
    public void A_checkpoint_of_a_training()
    {
        Train(resume: false);
        var path = Directory.GetFiles(_folder.Path, "checkpoint-*").Single();
        var whole = File.ReadAllBytes(path);
        Fuzzing.Run(
            [whole],
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                Train(resume: true);
            },
            exception => exception is InvalidDataException);
    }

    private static void ReadAll(string path, byte[] bytes)
    {
        File.WriteAllBytes(path, bytes);
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(path);
        _ = file.ReadAll();
    }

    private void FuzzAdapter(string name, Func<Exception, bool> isDocumented)
    {
        SaveAdapter();
        var path = _folder.File(name);
        using var model = new TinyModel();
        Fuzzing.Run(
            [File.ReadAllBytes(path)],
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                using var loaded = AdaLoraModel.Load(model, _folder.Path);
                loaded.Detach();
            },
            isDocumented);
    }

    private void SaveAdapter()
    {
        using var trained = new TrainedTiny(28, compact: true);
        trained.Adapted.Save(_folder.Path);
    }

    private void Train(bool resume)
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 10, Checkpoints = new CheckpointOptions { Folder = _folder.Path, Every = 1000, Resume = resume } });
        _ = trainer.Fit(TinyTask.Batches(10), batch => TinyTask.Loss(model, batch));
    }
}
