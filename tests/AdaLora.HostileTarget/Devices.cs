using AdaLora.Devices;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Transformers;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.HostileTarget;

/// <summary>Every public entry that takes a device, with devices that do not exist.</summary>
internal static class Devices
{
    public static IEnumerable<(string Name, Func<Device> Make)> Absent =>
    [
        ("the hundredth GPU", () => new Device(DeviceType.CUDA, 99)),
        ("a device of Apple's", () => new Device(DeviceType.MPS)),
        ("a device of number -5", () => new Device(DeviceType.CUDA, -5)),
    ];

    public static IEnumerable<(string Name, Action<Device> Call)> Entries =>
    [
        ("AutoModel.SequenceClassifier", device => InFolder(folder => { Save(folder); AutoModel.SequenceClassifier(folder, options: new PretrainedOptions { Device = device }).Dispose(); })),
        ("AutoModel.Encoder", device => InFolder(folder => { Save(folder); AutoModel.Encoder(folder, new PretrainedOptions { Device = device }).Dispose(); })),
        ("SafetensorsFile.ReadAll", device => InFolder(folder => { Save(folder); using var file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors")); _ = file.ReadAll(device); })),
        ("TokenBatch.ToTensors", device => InFolder(folder =>
            { File.WriteAllLines(Path.Combine(folder, "vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]); _ = TextTokenizer.FromFolder(folder).EncodeBatch(["a"]).ToTensors(device); })),
        ("TokenBatch.ToTensorsFor", device => InFolder(folder =>
        {
            Save(folder);
            File.WriteAllLines(Path.Combine(folder, "vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);
            using var model = AutoModel.Encoder(folder, new PretrainedOptions { Device = device });
            _ = TextTokenizer.FromFolder(folder).EncodeBatch(["a"]).ToTensorsFor(model);
        })),
        ("AutoModel.QuestionAnswerer", device => InFolder(folder => { Save(folder); AutoModel.QuestionAnswerer(folder, new PretrainedOptions { Device = device }).Dispose(); })),
        ("AutoModel.MaskedLM", device => InFolder(folder => { Save(folder); AutoModel.MaskedLM(folder, new PretrainedOptions { Device = device }).Dispose(); })),
        ("SafetensorsFile.Read", device => InFolder(folder =>
            { Save(folder); using var file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors")); _ = file.Read("classifier.bias", device); })),
        ("TorchDevices.Describe", device => TorchDevices.Describe(device)),
        ("ModelPrecision.UseOn", device => ModelPrecision.TensorFloat32.UseOn(device)),
        ("TorchDevices.MemoryOf", device => TorchDevices.MemoryOf(device)),
        ("a model that is moved", device => { using var model = Model(); model.to(device); }),
    ];

    public static BertForSequenceClassification Model() =>
        new(new BertConfig { VocabularySize = 50, HiddenSize = 8, Layers = 1, Heads = 2, IntermediateSize = 8, MaxPositions = 20 }, 2, seed: 1);

    public static void Save(string folder)
    {
        using var model = Model();
        model.SaveCheckpoint(folder);
    }

    public static void InFolder(Action<string> use)
    {
        using var folder = new TemporaryFolder();
        use(folder.Path);
    }
}
