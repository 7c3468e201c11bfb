using AdaLora.Experiments.Programs;
using AdaLora.Training;
using AdaLora.Training.Data;
using AdaLora.Training.Progress;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Tokenization;
using static TorchSharp.torch;

namespace AdaLora.Glue.Demo.Pretraining;

/// <summary>Creates the demo's encoder: a small BERT pre-trained by masked-language modelling on acceptable sentences of the demo's grammar.</summary>
internal static class DemoPretraining
{
    private const int MaxPositions = 32;

    /// <summary>Trains and writes the encoder as a Hugging Face folder. A cancelled run writes nothing.</summary>
    /// <returns>What the training did.</returns>
    public static TrainingResult Run(PretrainingSettings settings, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        var vocabulary = DemoVocabulary.Create();
        // Vocabulary and weights belong together: both are written when the training is done.
        var staging = Directory.CreateTempSubdirectory("adalora-demo-").FullName;
        try
        {
            WriteTokenizer(staging, vocabulary);
            using var model = new BertForMaskedLM(Config(vocabulary.Count), settings.Seed);
            var result = Train(model, TextTokenizer.FromFolder(staging), settings, progress, cancellation);
            if (result.StopReason == StopReason.Completed)
            {
                model.SaveCheckpoint(settings.Output);
                WriteTokenizer(settings.Output, vocabulary);
            }

            return result;
        }
        finally
        {
            Directory.Delete(staging, recursive: true);
        }
    }

    private static TrainingResult Train(BertForMaskedLM model, TextTokenizer tokenizer, PretrainingSettings settings, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        using var trainer = new Trainer(
            model,
            new TrainerOptions
            {
                TotalSteps = settings.Steps,
                LearningRate = settings.LearningRate,
                Seed = settings.Seed,
                ReportEvery = 50,
            });
        return trainer.Fit(
            new MaskedBatches(tokenizer, DemoData.Corpus(settings.Seed, HeldOut()), settings.BatchSize, settings.Seed),
            batch =>
            {
                using var scope = NewDisposeScope();
                return model.Loss(batch.Tensor(batch.Inputs), batch.Tensor(batch.Mask), batch.Tensor(batch.Labels)).MoveToOuterDisposeScope();
            },
            size: batch => new BatchSize(batch.Rows, batch.Mask.Sum()),
            progress: progress,
            cancellation: cancellation);
    }

    private static void WriteTokenizer(string folder, IReadOnlyList<string> vocabulary)
    {
        OutputFile.WriteText(Path.Combine(folder, "vocab.txt"), string.Join('\n', vocabulary) + "\n");
        OutputFile.WriteText(
            Path.Combine(folder, "tokenizer_config.json"),
            $$"""{ "tokenizer_class": "BertTokenizer", "do_lower_case": true, "model_max_length": {{MaxPositions}} }""" + "\n");
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
