using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Initialization;
using AdaLora.Targeting;
using AdaLora.Training;
using AdaLora.Transformers.Tokenization;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Docs;

/// <content>Loops, phases, checkpoints.</content>
public sealed partial class Snippets
{
    [Fact]
    public void Ranks_that_move()
    {
        using var model = Model();
        // snippet
        var moving = AdaLoraOptions.ForTotalSteps(6_000) with { InitialRank = 8, TargetRank = 8, Allocation = AllocationStrategy.Reallocate(triplets: 4, perMatrix: 2, maxRank: 16) };
        // end
        using var adapted = AdaLoraModel.Attach(model, moving with { TrainedModules = ["classifier"] });
        Assert.Equal(8 * adapted.Adapters.Count, adapted.LiveTriplets);
    }

    [Fact]
    public async Task Fine_tuning_a_checkpoint()
    {
        var folder = await HubCheckpoint.ResolveAsync("google-bert/bert-base-uncased");
        const int totalSteps = 6;
        (string Text, long Label)[] examples = [.. Enumerable.Range(5, 40).Select(i => ($"word{i} word{i + 1}", i % 2L))];
        // snippet
        var tokenizer = TextTokenizer.FromFolder(folder);
        using var model = AutoModel.SequenceClassifier(folder, labels: 2);
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(totalSteps) with { TrainedModules = ["classifier"] });
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = totalSteps, LearningRate = 1e-3 });
        trainer.Fit(Encoded(), batch => model.Loss(model.call(batch.Ids, batch.Mask, batch.Types), batch.Labels));
        adapted.Save("adapter");

        IEnumerable<(Tensor Ids, Tensor Mask, Tensor Types, Tensor Labels)> Encoded()
        {
            foreach (var chunk in examples.Chunk(16))       // (string Text, long Label)[]
            {
                var (ids, mask, types) = tokenizer.EncodeBatch(chunk.Select(example => example.Text), maxLength: 128).ToTensors();
                yield return (ids, mask, types, tensor(chunk.Select(example => example.Label).ToArray()));
            }
        }
        // end
        // snippet
        using var other = AutoModel.SequenceClassifier(folder, labels: 2);
        using var loaded = AdaLoraModel.Load(other, "adapter");
        var (wordIds, wordMask, wordTypes) = tokenizer.EncodeBatch(["A sentence.", "Another one."]).ToTensors();
        using (no_grad())
            Console.WriteLine(other.call(wordIds, wordMask, wordTypes).argmax(1).str());
        // end
        Assert.Equal(13, loaded.Adapters.Count);
    }

    [Fact]
    public void Own_loop()
    {
        using var model = Model();
        // snippet
        var options = new AdaLoraOptions
        {
            InitialRank = 12,
            TargetRank = 8,
            Overrides = ModuleOverrides.None.With("**.intermediate.dense", initialRank: 16),
        };
        // end
        options = options with { TrainedModules = ["classifier"] };
        var (batches, totalSteps) = (Batches, 4);
        // snippet
        using var adapted = AdaLoraModel.Attach(model, options);
        adapted.Begin(totalSteps);
        using var optimizer = new FusedAdamW(adapted.TrainableParameters, learningRate: 1e-3);
        foreach (var batch in batches)
        {
            using var scope = torch.NewDisposeScope();
            optimizer.zero_grad();
            Loss(model, batch).backward();
            if (adapted.BeforeOptimizerStep(maxGradientNorm: 1.0).ReadIsFinite())
                optimizer.step();
            adapted.AfterOptimizerStep();
        }

        adapted.Finish();
        // end
        Assert.Equal(4, adapted.Step);
        Assert.Equal(8 * 13, adapted.LiveTriplets);
    }

    [Fact]
    public void Learning_rates_of_parts()
    {
        using var model = Model();
        // snippet
        var faster = AdaLoraOptions.ForTotalSteps(6_700) with
        {
            LearningRateFactors = new LearningRateFactors { Lambda = 10 },
            Initialization = TripletInitialization.Orthonormal,
        };
        // end
        faster.Validate();
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(4) with { TrainedModules = ["classifier"] });
        // snippet
        var parts = adapted.TripletParameters;
        using var trainer = new Trainer(adapted, new TrainerOptions
        {
            TotalSteps = 4,
            OptimizerFactory = (all, rate) => torch.optim.AdamW(
            [
                new AdamW.ParamGroup([.. parts.P, .. parts.Q, .. all.Skip(1)], new AdamW.Options { LearningRate = rate }),
                new AdamW.ParamGroup([parts.Lambda], new AdamW.Options { LearningRate = 10 * rate, weight_decay = 0 }),
            ], rate, weight_decay: 0.01),
        });
        // end
        _ = trainer.Fit(Batches, batch => Loss(model, batch));
        Assert.True(adapted.IsCompacted);
        using var other = Model();
        var batches = Batches;
        // snippet
        var fromData = AdaLoraOptions.ForTotalSteps(6_700) with
        {
            Initialization = TripletInitialization.FromData(batches.Take(4), batch => Loss(other, batch)),
        };
        // end
        using var started = AdaLoraModel.Attach(other, fromData with { TrainedModules = ["classifier"] });
        Assert.Equal(12 * 13, started.LiveTriplets);
    }

    [Fact]
    public void Phases_in_steps()
    {
        // snippet
        var cola = new AdaLoraOptions
        {
            InitialPhase = PhaseLength.Steps(800),
            MaskInterval = 10,
            FinalPhase = PhaseLength.Steps(3500),      // or PhaseLength.Fraction(0.5)
        };
        // end
        cola.Validate();
        Assert.Equal(800, cola.InitialPhase.In(6700));
    }

    [Fact]
    public void Stopping()
    {
        using var model = Model();
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(4) with { TrainedModules = ["classifier"] });
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 4 });
        var batches = Batches;
        // snippet
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            stop.Cancel();
        };
        var result = trainer.Fit(batches, batch => Loss(model, batch), cancellation: stop.Token);
        if (result.StopReason == StopReason.Completed)
            adapted.Save("adapter");
        // end
        Assert.True(File.Exists("adapter/adapter_config.json"));
    }

    [Fact]
    public void Checkpoints()
    {
        using var model = Model();
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(30) with { TrainedModules = ["classifier"] });
        var (totalSteps, folder) = (30, "checkpoints");
        // snippet
        var trainerOptions = new TrainerOptions
        {
            TotalSteps = totalSteps,
            Checkpoints = new CheckpointOptions { Folder = folder, Every = 500, Resume = true },
        };
        // end
        using var trainer = new Trainer(adapted, trainerOptions);
        Assert.Equal(30, trainer.Fit(Batches, batch => Loss(model, batch)).Steps);
        Assert.NotEmpty(Directory.GetFiles(folder));
    }
}
