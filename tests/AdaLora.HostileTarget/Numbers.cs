using AdaLora.Adapters;
using AdaLora.Adapters.Dropout;
using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Initialization;
using AdaLora.Targeting;
using AdaLora.Training;
using AdaLora.Training.Data;
using AdaLora.Training.LearningRates;
using AdaLora.Transformers;
using AdaLora.Transformers.Chat;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Families.Gpt2;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Texts;
using AdaLora.Transformers.Tokenization;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.HostileTarget;

/// <summary>Every public entry that takes a number, with those from the edges of its type.</summary>
internal static class Numbers
{
    /// <summary>As an int or a long, those outside become the least or the greatest.</summary>
    public static IEnumerable<(string Name, Func<double> Make)> Bad =>
        new[] { double.NaN, double.NegativeInfinity, -1, -0.5, 0, double.Epsilon, 1, 2, 7, 1e6, 1L << 31, double.PositiveInfinity }.Select(n =>
            (n.ToString(System.Globalization.CultureInfo.InvariantCulture), (Func<double>)(() => n)));

    public static IEnumerable<(string Name, Action<double> Call)> Entries =>
    [
        ("AdaLoraModel.Begin", n => Adapted(adapted => adapted.Begin((long)n))),
        ("AdaLoraModel.BeforeOptimizerStep",
            n => Adapted((model, adapted) => { adapted.Begin(100); model.call(ones(2, 8)).sum().backward(); _ = adapted.BeforeOptimizerStep(n).ReadNorm(); adapted.AfterOptimizerStep(); })),
        ("AdaLoraOptions.ForTotalSteps", n => AdaLoraOptions.ForTotalSteps((long)n).Validate()),
        ("AdaLoraOptions.ForTotalSteps, rank", n => AdaLoraOptions.ForTotalSteps(100, (int)n).Validate()),
        ("AdaptedLinear.Apply, scale", n => AdaptedLinear.Apply(ones(2, 8), ones(8, 8), null, ones(8, 2), null, ones(2, 8), n)),
        ("AdaptedLinear.Apply, dropout", n => AdaptedLinear.Apply(ones(2, 8), ones(8, 8), null, ones(8, 2), null, ones(2, 8), 1, n)),
        ("FastDropout.Apply, rate", n => FastDropout.Apply(ones(2, 8), n)),
        ("PretrainedModel.ResizeVocabulary", n => Devices.Model().ResizeVocabulary(Math.Min((int)n, 100_000))),
        ("PretrainedModel.SaveCheckpoint, shards", n => Devices.InFolder(folder => Devices.Model().SaveCheckpoint(folder, maxShardBytes: (long)n))),
        ("ChatTemplateLimits", n => new ChatTemplateLimits { Steps = (long)n, Characters = (long)n, Depth = (int)n }.Validate()),
        ("TrainingText, ids", n => new TrainingText([(int)n, 1], [true])),
        ("TrainingText.Truncated", n => new TrainingText([1, 2, 3]).Truncated((int)n)),
        ("TrainingText.Counts", n => new TrainingText([1, 2, 3]).Counts((int)n)),
        ("TrainingRows.Padded", n => TrainingRows.Padded([new TrainingText([1, 2])], (int)n, (int)n)),
        ("TrainingRows.Packed", n => TrainingRows.Packed([new TrainingText([1, 2])], (int)n)),
        ("TrainingRows.LossOf", n => Decoding(model => TrainingRows.Padded([new TrainingText([1, (int)n])]).LossOf(model))),
        ("TrainingRows.LossOf nothing", _ => TrainingRows.Padded([new TrainingText([1, 2])]).LossOf(null!)),
        ("TrainingRows.ToTensors", n => TrainingRows.Padded([new TrainingText([1, (int)n])]).ToTensors()),
        ("TextPacking.Pack", n => TextPacking.Pack([(int)n, 2], (int)n)),
        ("TextGenerator.Generate, ids", n => Generating(new GenerationOptions { MaxNewTokens = 3 }, generator => generator.Generate([[(int)n], [1, (int)n]]))),
        ("TextGenerator.Stream, ids", n => Generating(new GenerationOptions { MaxNewTokens = 3 }, generator => generator.Stream([[(int)n]]).Count())),
        ("TextGenerator, lengths", n => Generating(new GenerationOptions { MaxNewTokens = (int)n, MinNewTokens = (int)n, MinLength = (int)n, NoRepeatNgramSize = (int)n, EndIds = [(int)n] },
            generator => generator.Generate([[1]]))),
        ("TextGenerator, sampling", n => Generating(
            new GenerationOptions { MaxNewTokens = 3, Samples = true, Temperature = n, TopK = (int)n, TopP = n, MinP = n, TypicalP = n, RepetitionPenalty = n },
            generator => generator.Generate([[1]]))),
        ("TextGenerator, temperature", n => Generating(new GenerationOptions { MaxNewTokens = 3, Samples = true, Temperature = n }, generator => generator.Generate([[1]]))),
        ("TextGenerator, beams", n => Generating(
            new GenerationOptions { MaxNewTokens = 3, Beams = (int)n, Returned = (int)n, LengthPenalty = n, ForcedEndId = (int)n, ForcedBeginId = (int)n, DecoderStartId = (int)n },
            generator => generator.Generate([[1]]))),
        ("TextGenerator, encoder", n => HostileTarget.Entries.WithEncoder(model =>
            new TextGenerator(model, new GenerationOptions { MaxNewTokens = 3, ForcedBeginId = (int)n, DecoderStartId = (int)n }).Generate([[(int)n]]))),
        ("Seq2SeqLM.Loss, smoothing", n => HostileTarget.Entries.WithEncoder(model => model.Loss(ones([1, 3], ScalarType.Int64), null, ones([1, 3], ScalarType.Int64), n))),
        ("ModuleOverrides.With, rank", n => ModuleOverrides.None.With("a", (int)n)),
        ("ModuleOverrides.With, alpha", n => ModuleOverrides.None.With(TargetModules.AllLinear, alpha: n)),
        ("ModuleOverrides.With, attachment", n => ModuleOverrides.None.With("a", attachment: (AttachmentMethod)(int)n)),
        ("ModuleOverrides.With, limits", n => ModuleOverrides.None.With("a", minimumRank: (int)n).With("a", maximumRank: (int)n)),
        ("AdaLoraOptions.Overrides, limits", n => AdaLoraModel.Attach(Sequential(("a", Linear(8, 8))),
            new AdaLoraOptions { InitialRank = 2, TargetRank = 1, Overrides = ModuleOverrides.None.With("a", minimumRank: (int)n).With("a", maximumRank: (int)n) })),
        ("AdaLoraOptions.TrainedRows", n => AdaLoraModel.Attach(Sequential(("words", Embedding(4, 8)), ("a", Linear(8, 8))),
            new AdaLoraOptions { TrainedRows = new Dictionary<string, IReadOnlyList<long>> { ["words"] = [(long)n, 1] } })),
        ("AdaLoraOptions.BudgetUnit", n => AdaLoraModel.Attach(Sequential(("a", Linear(8, 8))), new AdaLoraOptions { BudgetUnit = (BudgetUnit)(int)n, TotalSteps = 100 })),
        ("AdaLoraOptions.Attachment", n => AdaLoraModel.Attach(Sequential(("a", Linear(8, 8))), new AdaLoraOptions { Attachment = (AttachmentMethod)(int)n })),
        ("AdaLoraModel.Load, attachment", n => AdaLoraModel.Load(Sequential(("a", Linear(8, 8))), "none", attachment: (AttachmentMethod)(int)n)),
        ("TargetModules.InLayers", n => TargetModules.AllLinear.InLayers((int)n).Matches("layer.1.a")),
        ("TargetModules.InLayers, a range", n => TargetModules.AllLinear.InLayers((int)n..3).Matches("layer.1.a")),
        ("BudgetDecay.KeptShare", n => BudgetDecay.Cubic.KeptShare(n)),
        ("BudgetDecay.Custom", n => new BudgetSchedule(9, 3, 10, 1, 1, 1, BudgetDecay.Custom("own", _ => n)).BudgetAt(5)),
        ("AllocationStrategy.Reallocate", n => AllocationStrategy.Reallocate((int)n, (int)n, (int)n)),
        ("TripletInitialization.Normal", n => TripletInitialization.Normal(n)),
        ("TripletInitialization.FromData, factor", n => Starting(TripletInitialization.FromData([1], _ => { }, n))),
        ("LearningRateFactors", n => { using var model = Sequential(("a", Linear(8, 8)));
            using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, LearningRateFactors = new LearningRateFactors { Lambda = n, P = n, Q = n } });
            using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 5 }); trainer.Fit([0], (int _) => model.call(ones(2, 8)).sum()); }),
        ("BudgetSchedule, budgets", n => new BudgetSchedule((int)n, 1, 10, 1, 1).BudgetAt(5)),
        ("BudgetSchedule, target", n => new BudgetSchedule(9, (int)n, 10, 1, 1).BudgetAt(5)),
        ("BudgetSchedule, steps", n => new BudgetSchedule(9, 3, (long)n, 1, 1).BudgetAt(5)),
        ("BudgetSchedule, phases", n => new BudgetSchedule(9, 3, 10, (long)n, (long)n).BudgetAt(5)),
        ("BudgetSchedule, interval", n => new BudgetSchedule(9, 3, 10, 1, 1, (long)n).MasksAt(5)),
        ("BudgetSchedule.BudgetAt", n => new BudgetSchedule(9, 3, 10, 1, 1).BudgetAt((long)n)),
        ("BudgetSchedule.MasksAt", n => new BudgetSchedule(9, 3, 10, 1, 1).MasksAt((long)n)),
        ("PhaseLength.Steps", n => PhaseLength.Steps((long)n).In(10)),
        ("PhaseLength.Fraction", n => PhaseLength.Fraction(n).In(10)),
        ("PhaseLength.In", n => PhaseLength.Fraction(0.5).In((long)n)),
        ("LearningRateDecay.Polynomial", n => LearningRateDecay.Polynomial(n, n).FactorAt(1, 2, 0)),
        ("LearningRateDecay.FactorAt, step", n => LearningRateDecay.Cosine.FactorAt((long)n, 10, 1)),
        ("LearningRateDecay.FactorAt, lengths", n => LearningRateDecay.Cosine.FactorAt(1, (long)n, (long)n)),
        ("FusedAdamW, numbers", n => { using var parameter = new TorchSharp.Modules.Parameter(ones(3)); parameter.grad = ones(3);
            using var optimizer = new FusedAdamW([parameter], n, n, n, n, n); optimizer.step(); }),
        ("LossScale.Dynamic", n => LossScale.Dynamic(n)),
        ("LossScale.Dynamic, interval", n => LossScale.Dynamic(2, (int)n)),
        ("PrefetchedBatches.Of", n => PrefetchedBatches.Of(Enumerable.Range(0, 20), (int)n).Count()),
        ("PrefetchedBatches.Of, batches that fail", n => PrefetchedBatches.Of(Enumerable.Range(0, 20).Select(i => i > n ? throw new InvalidDataException("No more batches.") : i)).Count()),
        ("PrefetchedBatches.Of nothing", _ => PrefetchedBatches.Of<int>(null!)),
        ("TextEncoder.AddPrompt", n => Encoder(encoder => { encoder.AddPrompt((int)n); encoder.call(ones([2, 8], ScalarType.Int64), null, null); encoder.RemovePrompt(); })),
        ("TextEncoder.AddPrefixes", n => Encoder(encoder => { encoder.AddPrefixes((int)n); encoder.call(ones([2, 8], ScalarType.Int64), null, null); encoder.RemovePrefixes(); })),
        ("TextTokenizer.IsSpecial", n => Texts.Tokenizer(tokenizer => tokenizer.IsSpecial((int)n))),
        ("TextTokenizer.GetToken", n => Texts.Tokenizer(tokenizer => tokenizer.GetToken((int)n))),
        ("TextTokenizer.Decode", n => Texts.Tokenizer(tokenizer => tokenizer.Decode([(int)n, 5]))),
        ("TokenStreamDecoder.Add", n => Texts.Tokenizer(tokenizer => { var stream = tokenizer.DecodeStream(); stream.Add((int)n); stream.Add(5); stream.Finish(); })),
        ("TextTokenizer.EncodeAligned, numbers", n => Texts.Tokenizer(tokenizer =>
            tokenizer.EncodeAligned("a a a a", "a a", new EncodingOptions
            { MaxLength = (int)n, Stride = (int)n, Truncation = (TruncationStrategy)(int)n, SpecialTokensInText = (SpecialTokensInText)(int)n }))),
        ("TextTokenizer.Encode, length", n => Texts.Tokenizer(tokenizer => tokenizer.Encode("a", "b", (int)n, (TruncationStrategy)(int)n))),
        ("TextTokenizer.EncodeAll, length", n => Texts.Tokenizer(tokenizer => tokenizer.EncodeAll([("a", "b"), ("a", null)], (int)n))),
        ("TextTokenizer.EncodeBatch, length", n => Texts.Tokenizer(tokenizer => tokenizer.EncodeBatch(["a", "a a"], (int)n))),
        ("TextTokenizer.Pad, length", n => Texts.Tokenizer(tokenizer => tokenizer.Pad([tokenizer.Encode("a")], (int)n))),
        ("TextTokenizer.Pad, multiple", n => Texts.Tokenizer(tokenizer => tokenizer.Pad([tokenizer.Encode("a")], null, (int)n))),
    ];

    private static void Starting(TripletInitialization initialization)
    {
        using var model = Sequential(("a", Linear(8, 8)));
        AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, Initialization = initialization }).Detach();
    }

    private static void Encoder(Action<BertModel> use)
    {
        using var encoder = new BertModel(new BertConfig { VocabularySize = 50, HiddenSize = 8, Layers = 1, Heads = 2, IntermediateSize = 8, MaxPositions = 20 }, seed: 1);
        use(encoder);
    }

    private static void Adapted(Action<AdaLoraModel> use) => Adapted((_, adapted) => use(adapted));

    private static void Decoding(Action<CausalLM> use)
    {
        using var model = AutoModel.NewCausalLM(new Gpt2Config { VocabularySize = 50, HiddenSize = 8, Layers = 1, Heads = 2, MaxPositions = 20 }, seed: 1);
        use(model);
    }

    private static void Generating(GenerationOptions options, Action<TextGenerator> use)
    {
        using var model = AutoModel.NewCausalLM(new Gpt2Config { VocabularySize = 50, HiddenSize = 8, Layers = 1, Heads = 2, MaxPositions = 20 }, seed: 1);
        model.eval();
        use(new TextGenerator(model, options));
    }

    private static void Adapted(Action<Module<Tensor, Tensor>, AdaLoraModel> use)
    {
        using var model = Sequential(("a", Linear(8, 8)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1 });
        use(model, adapted);
    }
}
