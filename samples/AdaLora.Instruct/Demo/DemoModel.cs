using AdaLora.Instruct.Data;
using AdaLora.Training;
using AdaLora.Transformers;
using AdaLora.Transformers.Families.Llama;
using AdaLora.Transformers.Texts;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Instruct.Demo;

/// <summary>The demo's own language model, a small Llama, which is trained on sentences when the demo begins.</summary>
internal static class DemoModel
{
    private const int Steps = 400;
    private const int SentencesPerStep = 16;

    /// <summary>Makes and trains the model, and writes its checkpoint.</summary>
    /// <returns>The loss of the last step.</returns>
    public static double Write(string folder, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        var words = DemoTokenizer.Write(folder, DemoLanguage.Words);
        using var model = AutoModel.NewCausalLM(
            new LlamaConfig { VocabularySize = words, HiddenSize = 64, IntermediateSize = 160, Layers = 2, Heads = 4, MaxPositions = 128, EndIds = [0], BeginId = null, InitializerRange = 0.08 },
            seed: 1);
        model.SaveCheckpoint(folder);
        var encoder = new RowEncoder(TextTokenizer.FromFolder(folder), null, new TextEnds([], [0]), answersOnly: false);
        var texts = DemoLanguage.Sentences.Select(sentence => encoder.Encode(new PlainRow(sentence))).ToArray();
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = Steps, LearningRate = 5e-3, WeightDecay = 0, Seed = 1, ReportEvery = Steps });
        var result = trainer.Fit(Batches(texts), batch => batch.LossOf(model), cancellation: cancellation);
        cancellation.ThrowIfCancellationRequested();
        model.SaveCheckpoint(folder);
        return result.History[^1].Loss;
    }

    private static IEnumerable<TrainingRows> Batches(TrainingText[] texts)
    {
        var random = new Random(1);
        while (true)
            yield return TrainingRows.Padded(random.GetItems(texts, SentencesPerStep));
    }
}
