using AdaLora.Training;
using AdaLora.Transformers.Models.Bert;
using AdaLora.Transformers.Tokenization;
using static TorchSharp.torch;

namespace AdaLora.Glue.Demo;

/// <summary>Makes the demo's encoder: a small BERT pre-trained by masked-language modelling on acceptable sentences of the demo's grammar.</summary>
internal static class DemoPretraining
{
    private const int MaxPositions = 32;

    /// <summary>Trains and writes the encoder as a Hugging Face folder. A cancelled training writes nothing.</summary>
    /// <returns>What the training did.</returns>
    public static TrainingResult Run(PretrainingSettings settings, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        var vocabulary = DemoVocabulary.Create();
        Directory.CreateDirectory(settings.Output);
        AtomicFile.WriteText(Path.Combine(settings.Output, "vocab.txt"), string.Join('\n', vocabulary) + "\n");
        AtomicFile.WriteText(
            Path.Combine(settings.Output, "tokenizer_config.json"),
            $$"""{ "tokenizer_class": "BertTokenizer", "do_lower_case": true, "model_max_length": {{MaxPositions}} }""" + "\n");

        var tokenizer = TextTokenizer.FromFolder(settings.Output);
        using var model = new BertForMaskedLM(Config(vocabulary.Count), settings.Seed);
        using var trainer = new Trainer(
            model,
            new TrainerOptions
            {
                TotalSteps = settings.Steps,
                LearningRate = settings.LearningRate,
                Seed = settings.Seed,
                ReportEvery = 50,
            });
        var result = trainer.Fit(
            new MaskedBatches(tokenizer, DemoData.Corpus(settings.Seed, HeldOut()), settings.BatchSize, settings.Seed),
            batch =>
            {
                using var scope = NewDisposeScope();
                return model.Loss(batch.Tensor(batch.Inputs), batch.Tensor(batch.Mask), batch.Tensor(batch.Labels)).MoveToOuterDisposeScope();
            },
            size: batch => new BatchSize(batch.Rows, batch.Mask.Sum()),
            progress: progress,
            cancellation: cancellation);
        if (result.StopReason == StopReason.Completed)
            model.SaveCheckpoint(settings.Output);
        return result;
    }

    // The encoder has never seen a sentence of the task's dev set.
    private static HashSet<string> HeldOut() =>
        [.. DemoData.Create(DemoDefaults.DataSeed, DemoDefaults.TrainCount, DemoDefaults.DevCount).Dev.Select(s => s.Text)];

    private static BertConfig Config(int words) => new()
    {
        VocabularySize = words,
        HiddenSize = 128,
        Layers = 3,
        Heads = 4,
        IntermediateSize = 256,
        MaxPositions = MaxPositions,
        HiddenDropout = 0.1,
        AttentionDropout = 0,
    };
}
