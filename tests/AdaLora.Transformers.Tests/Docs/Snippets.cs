using AdaLora.TestSupport;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tests.Hub;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Docs;

/// <summary>Every piece of C# in README.md, docs/ and the readmes of the packages, between two marks, and run. <see cref="SnippetTests"/> compares the texts.</summary>
public sealed partial class Snippets : IDisposable
{
    private static readonly string[] Folders = ["adapter", "lora", "adapters", "merged", "checkpoints"];

    public Snippets() => Dispose();

    public void Dispose()
    {
        foreach (var folder in Folders.Where(Directory.Exists))
            Directory.Delete(folder, recursive: true);
    }

    private static IEnumerable<(Tensor Ids, Tensor Labels)> Batches =>
        Enumerable.Range(0, 4).Select(i => (arange(4, 44, dtype: ScalarType.Int64).add(i % 3).view(4, 10), tensor(new long[] { 0, 1, 0, 1 })));

    private static SequenceClassifier Model() =>
        new BertForSequenceClassification(new BertConfig { VocabularySize = 50, HiddenSize = 32, Layers = 2, Heads = 2, IntermediateSize = 64, MaxPositions = 16 }, 2, seed: 1);

    private static Tensor Loss(SequenceClassifier model, (Tensor Ids, Tensor Labels) batch) => model.Loss(model.call(batch.Ids, null, null), batch.Labels);

    private static double Accuracy(SequenceClassifier model)
    {
        var (ids, labels) = Batches.First();
        return model.call(ids, null, null).argmax(1).eq(labels).to(float32).mean().item<float>();
    }

    /// <summary>Takes the place of the real class in the snippet about the hub, so that it asks a hub on this machine.</summary>
    private static class HubCheckpoint
    {
        private static readonly HubFixture Hub = new();

        public static Task<string> ResolveAsync(string name)
        {
            Assert.True(Transformers.Hub.HubCheckpoint.IsName(name));
            using var folder = new TemporaryFolder();
            using var model = Model();
            model.SaveCheckpoint(folder.Path);
            File.WriteAllLines(folder.File("vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. Enumerable.Range(5, 45).Select(i => $"word{i}")]);
            Hub.Hub.Files.Clear();
            foreach (var file in Directory.GetFiles(folder.Path))
                Hub.Hub.Files[Path.GetFileName(file)] = File.ReadAllBytes(file);
            return Hub.ResolveAsync();
        }
    }
}
