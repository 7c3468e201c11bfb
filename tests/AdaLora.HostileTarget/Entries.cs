using AdaLora.Adapters.Dropout;
using AdaLora.Allocation;
using AdaLora.Initialization;
using AdaLora.Processes;
using AdaLora.Processes.Nccl;
using AdaLora.Safetensors;
using AdaLora.Targeting;
using AdaLora.Training;
using AdaLora.Transformers;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Bart;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Families.DebertaV2;
using AdaLora.Transformers.Families.DistilBert;
using AdaLora.Transformers.Families.Electra;
using AdaLora.Transformers.Families.Gemma3;
using AdaLora.Transformers.Families.Gpt2;
using AdaLora.Transformers.Families.Roberta;
using AdaLora.Transformers.Families.T5;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.HostileTarget;

/// <summary>
/// Every public entry of the packages that takes a tensor, except for the adapted layer (<see cref="Layers"/>), as a call with one tensor of many kinds and otherwise what it expects.
/// </summary>
internal static class Entries
{
    public static IEnumerable<(string Name, Action<Tensor> Call)> All =>
    [
        .. Core,
        .. Encoders.SelectMany(OfEncoder),
        .. Heads,
    ];

    // Without a card it is the group that is refused; the tests of the core pass wrong tensors to one whose functions are replaced.
    private static void OnCards(Action<NcclProcessGroup> use)
    {
        using var group = new NcclProcessGroup(ProcessGroup.Single, new Device(TorchSharp.DeviceType.CUDA, 0));
        use(group);
    }

    private static IEnumerable<(string Name, Action<Tensor> Call)> Core =>
    [
        ("an adapter, in training", bad => Adapted(model => model.call(bad))),
        ("an adapter, in evaluation", bad => Adapted(model => { model.eval(); model.call(bad); })),
        ("an adapter with dropout", bad => Adapted(model => model.call(bad), dropout: 0.5)),
        ("an adapted convolution", bad => Convolving(model => model.call(bad))),
        ("an adapted convolution, merged", bad => Convolving(model => { model.eval(); model.call(bad); }, merge: true)),
        ("a merged adapter", bad => Adapted((model, adapted) => { model.eval(); adapted.Merge(); model.call(bad); })),
        ("a step after a strange loss", bad => Adapted((model, adapted) =>
            { adapted.Begin(4); model.call(ones(2, 8)).mean().mul(bad ?? ones([])).backward(); _ = adapted.BeforeOptimizerStep(1).ReadIsFinite(); adapted.AfterOptimizerStep(); })),
        ("Trainer.Fit's loss", bad => Adapted((_, adapted) => { using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 4 }); trainer.Fit([0], (int batch) => bad); })),
        ("Trainer.Fit's sum", bad => Adapted((_, adapted) =>
            { using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 4 }); trainer.Fit([0], (int batch) => new LossSum(bad, 2)); })),
        ("Trainer.Fit's count", bad => Adapted((model, adapted) =>
            { using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 4 }); trainer.Fit([0], (int batch) => new LossSum(model.call(ones(2, 8)).sum(), bad)); })),
        ("FusedAdamW.step, a gradient", bad => Optimizing((parameter, optimizer) => { parameter.grad = bad; optimizer.step(); })),
        ("FusedAdamW.ResumeState", bad => Optimizing((_, optimizer) => optimizer.ResumeState(optimizer.CaptureState().ToDictionary(p => p.Key, p => bad)))),
        ("FusedAdamW.ResumeState of nothing", _ => Optimizing((_, optimizer) => optimizer.ResumeState(null!))),
        ("FusedAdamW.Resize", bad => Optimizing((parameter, optimizer) => optimizer.Resize(parameter, bad))),
        ("LossScaler.Apply", bad => Optimizing((_, optimizer) => new LossScaler(LossScale.Dynamic(), optimizer).Apply(bad).backward())),
        ("LossScaler.Unscale, a gradient", bad => Optimizing((parameter, optimizer) => { parameter.grad = bad; new LossScaler(LossScale.Dynamic(), optimizer).Unscale([parameter]); })),
        ("LossScaler.Unscale of nothing", _ => Optimizing((_, optimizer) => new LossScaler(LossScale.None, optimizer).Unscale([null!]))),
        ("NcclProcessGroup.AllReduce", bad => OnCards(group => group.AllReduce(bad))),
        ("NcclProcessGroup.Broadcast", bad => OnCards(group => group.Broadcast(bad, 1))),
        ("NcclProcessGroup.AllGather of nothing", _ => OnCards(group => group.AllGather(null!))),
        ("LossScaler of nothing", _ => Optimizing((_, optimizer) => new LossScaler(null!, optimizer))),
        ("LossScaler without an optimiser", _ => new LossScaler(LossScale.None, null!)),
        ("ImportanceScore.Of", bad => Scoring(state => ImportanceScore.Custom("bad", _ => bad).Of(state))),
        ("a score of one's own", bad => Scoring(_ => bad)),
        ("ImportanceState.PerTriplet", bad => Scoring(state => state.PerTriplet(bad))),
        ("TripletInitialization.FromData, what layers read", bad =>
        {
            using var model = Sequential(("a", Linear(8, 8)));
            var initialization = TripletInitialization.FromData([bad ?? ones(2, 8)], batch => model.call(batch));
            AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, Initialization = initialization }).Detach();
        }),
        ("TripletInitialization.FromData of nothing", _ => TripletInitialization.FromData<int>(null!, null!)),
        ("TripletInitialization.FromWeight, a strange weight", bad =>
        {
            using var layer = Linear(8, 8);
            using var model = Sequential(("a", layer));
            layer.weight = new TorchSharp.Modules.Parameter((bad ?? ones(8, 8)).clone());
            AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, Initialization = TripletInitialization.FromWeight }).Detach();
        }),
        ("FastDropout.Apply", bad => FastDropout.Apply(bad, 0.5)),
        ("SafetensorsFile.ReadInto", bad => Devices.InFolder(folder =>
        {
            SafetensorsWriter.Write(Path.Combine(folder, "x.safetensors"), new Dictionary<string, Tensor> { ["x"] = ones(2, 8) });
            using var file = SafetensorsFile.Open(Path.Combine(folder, "x.safetensors"));
            file.ReadInto("x", bad);
        })),
        ("SafetensorsWriter.Write", bad => Devices.InFolder(folder => SafetensorsWriter.Write(Path.Combine(folder, "x.safetensors"), new Dictionary<string, Tensor> { ["x"] = bad }))),
    ];

    private static IEnumerable<(string Name, Func<SequenceClassifier> Make)> Encoders =>
    [
        ("bert", () => new BertForSequenceClassification(Small(new BertConfig()), 2, seed: 1)),
        ("roberta", () => new RobertaForSequenceClassification(Small(new RobertaConfig()), 2, seed: 1)),
        ("distilbert", () => new DistilBertForSequenceClassification(Small(new DistilBertConfig()), 2, seed: 1)),
        ("electra", () => new ElectraForSequenceClassification(Small(new ElectraConfig { EmbeddingSize = 4 }), 2, seed: 1)),
        ("deberta", () => new DebertaV2ForSequenceClassification(Small(new DebertaV2Config { RelativeAttention = true, PositionBuckets = 4, PositionTerms = ["c2p", "p2c"] }), 2, seed: 1)),
    ];

    private static IEnumerable<(string Name, Action<Tensor> Call)> Heads =>
    [
        ("a pooler", bad => { using var model = new BertModel(Small(new BertConfig()), seed: 1); model.Pool(bad); }),
        ("encoders by themselves", bad =>
        {
            TextEncoder[] encoders =
            [
                new BertModel(Small(new BertConfig()), 1), new RobertaModel(Small(new RobertaConfig()), 1), new DistilBertModel(Small(new DistilBertConfig()), 1),
                new ElectraModel(Small(new ElectraConfig { EmbeddingSize = 4 }), 1), new DebertaV2Model(Small(new DebertaV2Config()), 1),
            ];
            foreach (var encoder in encoders)
                encoder.call(bad, null, null);
        }),
        ("answers", bad => WithAnswerer(model => model.call(bad, null, null))),
        ("answers, logits of a loss", bad => WithAnswerer(model => model.Loss(bad, zeros([2], ScalarType.Int64), zeros([2], ScalarType.Int64)))),
        ("answers, starts of a loss", bad => WithAnswerer(model => model.Loss(ones(2, 8, 2), bad, zeros([2], ScalarType.Int64)))),
        ("answers, ends of a loss", bad => WithAnswerer(model => model.Loss(ones(2, 8, 2), zeros([2], ScalarType.Int64), bad))),
        ("a language model's loss, ids", bad => { using var model = new BertForMaskedLM(Small(new BertConfig()), seed: 1); model.Loss(bad, null, ones([2, 8], ScalarType.Int64)); }),
        ("a language model's loss, mask", bad =>
            { using var model = new BertForMaskedLM(Small(new BertConfig()), seed: 1); model.Loss(ones([2, 8], ScalarType.Int64), bad, ones([2, 8], ScalarType.Int64)); }),
        ("a language model's loss, labels", bad => { using var model = new BertForMaskedLM(Small(new BertConfig()), seed: 1); model.Loss(ones([2, 8], ScalarType.Int64), null, bad); }),
        ("a decoder by itself", bad => { using var model = new Gpt2Model(SmallDecoder, seed: 1); model.call(bad, null, null); }),
        ("a decoder's hidden states", bad => WithDecoder(model => model.Decoder.HiddenStates(bad))),
        ("a causal language model", bad => WithDecoder(model => model.call(bad, null, null))),
        ("a causal language model, mask", bad => WithDecoder(model => model.call(ones([2, 8], ScalarType.Int64), bad, null))),
        ("a causal language model, positions", bad => WithDecoder(model => model.call(ones([2, 8], ScalarType.Int64), null, bad))),
        ("a causal language model, in training", bad => WithDecoder(model => { model.train(); model.call(bad, null, null).sum().backward(); })),
        ("a causal language model's loss as a sum, ids", bad => WithDecoder(model => model.LossSum(bad, null, ones([2, 8], ScalarType.Int64)))),
        ("a causal language model's loss as a sum, mask", bad => WithDecoder(model => model.LossSum(ones([2, 8], ScalarType.Int64), bad, ones([2, 8], ScalarType.Int64)))),
        ("a causal language model's loss as a sum, labels", bad => WithDecoder(model => model.LossSum(ones([2, 8], ScalarType.Int64), null, bad))),
        ("a causal language model's loss, ids", bad => WithDecoder(model => model.Loss(bad, null, ones([2, 8], ScalarType.Int64)))),
        ("a causal language model's loss, mask", bad => WithDecoder(model => model.Loss(ones([2, 8], ScalarType.Int64), bad, ones([2, 8], ScalarType.Int64)))),
        ("a causal language model's loss, labels", bad => WithDecoder(model => model.Loss(ones([2, 8], ScalarType.Int64), null, bad))),
        ("a causal language model's loss, positions", bad => WithDecoder(model => model.Loss(ones([2, 8], ScalarType.Int64), null, ones([2, 8], ScalarType.Int64), bad))),
        ("a rotary decoder", bad => WithRotary(model => model.call(bad, null, null))),
        ("a rotary decoder, mask", bad => WithRotary(model => model.call(ones([2, 8], ScalarType.Int64), bad, null))),
        ("a rotary decoder, positions", bad => WithRotary(model => model.call(ones([2, 8], ScalarType.Int64), null, bad))),
        ("a rotary decoder, in training", bad => WithRotary(model => { model.train(); model.call(bad, null, null).sum().backward(); })),
        ("a rotary decoder's loss, mask", bad => WithRotary(model => model.Loss(ones([2, 8], ScalarType.Int64), bad, ones([2, 8], ScalarType.Int64)))),
        ("a generator's model", _ => new TextGenerator((CausalLM)null!)),
        ("a generator's model with an encoder", _ => new TextGenerator((Seq2SeqLM)null!)),
        ("an encoder-decoder", bad => WithEncoder(model => model.call(bad, null, bad))),
        ("an encoder-decoder, mask", bad => WithEncoder(model => model.call(ones([2, 8], ScalarType.Int64), bad, ones([2, 8], ScalarType.Int64)))),
        ("an encoder-decoder, written", bad => WithEncoder(model => model.call(ones([2, 8], ScalarType.Int64), null, bad))),
        ("an encoder-decoder's loss", bad => WithEncoder(model => model.Loss(ones([2, 8], ScalarType.Int64), bad, bad))),
        ("an encoder-decoder in training", bad => WithEncoder(model => { model.train(); model.Loss(bad, null, ones([2, 8], ScalarType.Int64)).backward(); })),
        ("an encoder-decoder's generation", _ => WithEncoder(model => model.Generation = null!)),
        ("a language model's generation", _ => WithDecoder(model => model.Generation = null!)),
        ("a language model", bad => { using var model = new BertForMaskedLM(Small(new BertConfig()), seed: 1); model.call(bad, null, null); }),
    ];

    private static IEnumerable<(string Name, Action<Tensor> Call)> OfEncoder((string Name, Func<SequenceClassifier> Make) encoder)
    {
        var ids = (Func<Tensor>)(() => ones([2, 8], ScalarType.Int64));
        return
        [
            Of("token ids", (model, bad) => model.call(bad, null, null)),
            Of("token ids and mask", (model, bad) => model.call(bad, bad, null)),
            Of("a mask", (model, bad) => model.call(ids(), bad, null)),
            Of("token types", (model, bad) => model.call(ids(), null, bad)),
            Of("token ids, in training", (model, bad) => { model.train(); model.call(bad, null, null).sum().backward(); }),
            Of("hidden states", (model, bad) => model.Encoder.HiddenStates(bad)),
            Of("a prompt", (model, bad) => { model.Encoder.AddPrompt(3); model.call(bad, null, null); }),
            Of("prefixes", (model, bad) => { model.Encoder.AddPrefixes(3); model.call(bad, null, null); }),
            Of("logits of a loss", (model, bad) => model.Loss(bad, zeros([2], ScalarType.Int64))),
            Of("labels of a loss", (model, bad) => model.Loss(ones(2, 2), bad)),
            Of("labels out of range", (model, bad) => model.Loss(ones(2, 2), (bad ?? ones(2)).to(ScalarType.Int64).reshape(-1).narrow(0, 0, 2).sub(5))),
        ];

        (string, Action<Tensor>) Of(string what, Action<SequenceClassifier, Tensor> call) => ($"{encoder.Name}: {what}", bad =>
        {
            using var model = encoder.Make();
            model.eval();
            call(model, bad);
        }
        );
    }

    private static void WithAnswerer(Action<QuestionAnswerer> use) => Devices.InFolder(folder =>
    {
        Devices.Save(folder);
        using var model = AutoModel.QuestionAnswerer(folder);
        use(model);
    });

    private static void WithRotary(Action<CausalLM> use)
    {
        using var model = AutoModel.NewCausalLM(
            new Gemma3TextConfig
            {
                VocabularySize = 50,
                HiddenSize = 8,
                IntermediateSize = 8,
                Layers = 2,
                Heads = 4,
                KeyValueHeads = 2,
                HeadSize = 4,
                SlidingWindow = 3,
                FullLayerEvery = 2,
                Rotary = new RotaryParameters { Type = RotaryType.Dynamic, Factor = 2 },
            },
            seed: 1);
        model.eval();
        use(model);
    }

    private static Gpt2Config SmallDecoder => new() { VocabularySize = 50, HiddenSize = 8, Layers = 1, Heads = 2, MaxPositions = 20 };

    public static void WithEncoder(Action<Seq2SeqLM> use)
    {
        foreach (var config in (EncoderDecoderConfig[])[
            new BartConfig { VocabularySize = 50, HiddenSize = 8, Layers = 1, Heads = 2, IntermediateSize = 8, MaxPositions = 20 },
            new T5Config { VocabularySize = 50, HiddenSize = 8, Layers = 1, Heads = 2, IntermediateSize = 8 }])
        {
            using var model = AutoModel.NewSeq2SeqLM(config, seed: 1);
            model.eval();
            use(model);
        }
    }

    private static void WithDecoder(Action<CausalLM> use)
    {
        using var model = AutoModel.NewCausalLM(SmallDecoder, seed: 1);
        model.eval();
        use(model);
    }

    private static TConfig Small<TConfig>(TConfig config)
        where TConfig : EncoderConfig => config with { VocabularySize = 50, HiddenSize = 8, Layers = 1, Heads = 2, IntermediateSize = 8, MaxPositions = 20 };

    private static void Adapted(Action<Module<Tensor, Tensor>> use, double dropout = 0) => Adapted((model, _) => use(model), dropout);

    private static void Adapted(Action<Module<Tensor, Tensor>, AdaLoraModel> use, double dropout = 0)
    {
        using var model = Sequential(("a", Linear(8, 8)), ("b", Linear(8, 8)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, Dropout = dropout });
        use(model, adapted);
    }

    private static void Convolving(Action<Module<Tensor, Tensor>> use, bool merge = false)
    {
        using var model = Sequential(("a", Conv2d(8, 8, 3, padding: 1, groups: 2)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, Targets = TargetModules.Suffixes("a") });
        if (merge)
            adapted.Merge();
        use(model);
    }

    private static void Optimizing(Action<TorchSharp.Modules.Parameter, FusedAdamW> use)
    {
        using var parameter = new TorchSharp.Modules.Parameter(ones(2, 8));
        using var optimizer = new FusedAdamW([parameter]);
        use(parameter, optimizer);
    }

    // A custom score is called by the mask.
    private static void Scoring(Func<ImportanceState, Tensor> score)
    {
        using var model = Sequential(("a", Linear(8, 8)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, TotalSteps = 4, MaskInterval = 1, Score = ImportanceScore.Custom("strange", score) });
        for (var step = 0; step < 4; step++)
        {
            model.call(ones(2, 8)).sum().backward();
            adapted.BeforeOptimizerStep();
            adapted.AfterOptimizerStep();
        }
    }
}
