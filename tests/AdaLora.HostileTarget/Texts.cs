using System.Text.Json.Nodes;
using AdaLora.Allocation;
using AdaLora.Devices;
using AdaLora.Peft;
using AdaLora.Safetensors;
using AdaLora.Targeting;
using AdaLora.Transformers;
using AdaLora.Transformers.Chat;
using AdaLora.Transformers.Hub;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tokenization;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.HostileTarget;

/// <summary>Every public entry that takes a path, a name, a pattern or a text, with invalid ones. Relative paths are in the current folder, a temporary one.</summary>
internal static class Texts
{
    public static IEnumerable<(string Name, Func<string> Make)> Bad =>
    [
        ("null", () => null!),
        ("empty", () => ""),
        ("a blank", () => " "),
        ("a zero", () => "\0"),
        ("half a character", () => "\ud800"),
        ("a long text", () => new string('a', 100_000)),
        ("dots", () => "..."),
        ("wildcards", () => "**[({*"),
        ("a regular expression without end", () => "(a+)+$"),
        ("a file", () => { File.WriteAllText("file", "{}"); return "file"; }),
        ("a folder of nothing", () => { Directory.CreateDirectory("folder"); return "folder"; }),
        ("what a file cannot hold", () => { File.WriteAllText("file", "{}"); return "file/below"; }),
        ("nowhere", () => "/proc/nowhere/at/all"),
    ];

    public static IEnumerable<(string Name, Action<string> Call)> Entries =>
    [
        ("AdaLoraModel.Save", bad => Adapted((_, adapted) => adapted.Save(bad))),
        ("AdaLoraModel.ExportLora", bad => Adapted((_, adapted) => { adapted.Finish(); adapted.ExportLora(bad); })),
        ("AdaLoraModel.Load", bad => AdaLoraModel.Load(Sequential(("a", Linear(8, 8))), bad).Dispose()),
        ("AdapterSet.Add", bad => InSet(set => { set.Add(bad, Options); set.Select(bad); set.Delete(bad); })),
        ("AdapterSet.Load, folder", bad => InSet(set => set.Load("a", bad))),
        ("AdapterSet.Select", bad => LookUp(() => InSet(set => set.Select(bad)))),
        ("AdapterSet.Delete", bad => LookUp(() => InSet(set => set.Delete(bad)))),
        ("the adapter of a name", bad => LookUp(() => InSet(set => set[bad].ToString()))),
        ("AdapterInspection.Read", bad => AdapterInspection.Read(bad)),
        ("ExternalLibTorch.Load", bad => ExternalLibTorch.Load(bad)),
        ("ModelPrecision.Find", bad => ModelPrecision.Find(bad)),
        ("ModelPrecision.IsName", bad => ModelPrecision.IsName(bad)),
        ("TorchDevices.Find", bad => TorchDevices.Find(bad)),
        ("TorchDevices.IsName", bad => TorchDevices.IsName(bad)),
        ("ModuleOverrides.With", bad => ModuleOverrides.None.With(bad, 3).Unused([bad])),
        ("ModuleOverrides.Unused", bad => ModuleOverrides.None.With("a", 3).Unused(bad is null ? null! : [bad, null!])),
        ("TargetModules.Globs", bad => TargetModules.Globs(bad).Matches("encoder.layer.0.query")),
        ("TargetModules.Regex", bad => TargetModules.Regex(bad).Matches(new string('a', 40) + "b")),
        ("TargetModules.Suffixes", bad => TargetModules.Suffixes(bad).Matches("encoder.layer.0.query")),
        ("TargetModules.Suffixes of none", _ => TargetModules.Suffixes().Or(TargetModules.Globs(null!))),
        ("TargetModules.Excluding", bad => TargetModules.AllLinear.Excluding(bad).Matches("a")),
        ("TargetModules of nothing", _ => TargetModules.AllLinear.And(null!)),
        ("TargetModules or nothing", _ => TargetModules.AllLinear.Or(null!)),
        ("TargetModules without nothing", _ => TargetModules.AllLinear.Excluding((TargetModules)null!)),
        ("TargetModules.Matches", bad => TargetModules.AllLinear.Matches(bad)),
        ("BudgetDecay.Custom, name", bad => BudgetDecay.Custom(bad, x => x)),
        ("ImportanceScore.Custom, name", bad => ImportanceScore.Custom(bad, state => state.Sensitivity)),
        ("RankPattern", bad => RankPattern.From([KeyValuePair.Create<string, IReadOnlyList<bool>>(bad, [true]), KeyValuePair.Create<string, IReadOnlyList<bool>>("b", [false])]).RankOf("b")),
        ("RankPattern of the same name twice",
            bad => RankPattern.From([KeyValuePair.Create<string, IReadOnlyList<bool>>("a", [true]), KeyValuePair.Create<string, IReadOnlyList<bool>>(bad ?? "a", [false]),
            KeyValuePair.Create<string, IReadOnlyList<bool>>(bad ?? "a", [false])])),
        ("the flags of a name", bad => LookUp(() => RankPattern.From([])[bad].ToString())),
        ("RankPattern.RankOf", bad => LookUp(() => RankPattern.From([]).RankOf(bad))),
        ("SafetensorsFile.Open", bad => SafetensorsFile.Open(bad).Dispose()),
        ("SafetensorsFile.Read, name", bad => LookUp(() => InFile(file => file.Read(bad)))),
        ("SafetensorsFile.Map, name", bad => LookUp(() => InFile(file => file.Map(bad)))),
        ("SafetensorsWriter.Write, path", bad => SafetensorsWriter.Write(bad, new Dictionary<string, Tensor> { ["x"] = ones(2, 8) })),
        ("SafetensorsWriter.Write, name", bad =>
            SafetensorsWriter.Write("x.safetensors", bad is null ? null! : new Dictionary<string, Tensor> { [bad] = ones(2, 8) }, new Dictionary<string, string> { [bad ?? "x"] = bad! })),
        ("CheckpointFolder.Open", bad => CheckpointFolder.Open(bad).Dispose()),
        ("CheckpointFolder.GetEntry", bad => LookUp(() => InCheckpoint(folder => { using var checkpoint = CheckpointFolder.Open(folder); checkpoint.GetEntry(bad); }))),
        ("CheckpointFolder.Read", bad => LookUp(() => InCheckpoint(folder => { using var checkpoint = CheckpointFolder.Open(folder); checkpoint.Read(bad); }))),
        ("HubCheckpoint.IsName", bad => HubCheckpoint.IsName(bad)),
        ("HubCheckpoint.ResolveAsync", bad => HubCheckpoint.ResolveAsync(bad, new HubOptions { Offline = true, CacheFolder = "cache" }).GetAwaiter().GetResult()),
        ("AutoModel.SequenceClassifier", bad => AutoModel.SequenceClassifier(bad).Dispose()),
        ("AutoModel.QuestionAnswerer", bad => AutoModel.QuestionAnswerer(bad).Dispose()),
        ("AutoModel.MaskedLM", bad => AutoModel.MaskedLM(bad).Dispose()),
        ("AutoModel.Decoder", bad => AutoModel.Decoder(bad).Dispose()),
        ("AutoModel.Seq2SeqLM", bad => AutoModel.Seq2SeqLM(bad).Dispose()),
        ("AutoModel.CausalLM", bad => AutoModel.CausalLM(bad).Dispose()),
        ("AutoModel.Encoder", bad => AutoModel.Encoder(bad).Dispose()),
        ("SequenceClassifier.DescribeClassMismatch", bad => Devices.Model().DescribeClassMismatch(bad is null ? null! : [bad, bad])),
        ("SequenceClassifier.NameClasses", bad => Devices.Model().NameClasses(bad is null ? null! : [bad, bad])),
        ("PretrainedModel.SaveCheckpoint", bad => Devices.Model().SaveCheckpoint(bad)),
        ("PretrainedModel.SaveCheckpoint, tokenizer", bad => Devices.InFolder(folder => Devices.Model().SaveCheckpoint(folder, bad))),
        ("ChatTemplate.FromFolder", bad => ChatTemplate.FromFolder(bad, bad)),
        ("ChatTemplate.FromFile", bad => ChatTemplate.FromFile(bad, bad)),
        ("ChatTemplate.Parse and Render", bad => ChatTemplate.Parse(bad).Render([new JsonObject { ["role"] = bad, ["content"] = bad }], variables: new JsonObject { ["a"] = bad })),
        ("ChatTemplate.Render, messages", bad => ChatTemplate.Parse("{{ messages[0].content.x }}").Render(bad is null ? null! : [bad])),
        ("ChatEncoding.Encode", bad => Tokenizer(tokenizer => FirstMessage().Encode(tokenizer, bad is null ? null! : [new JsonObject { ["role"] = "assistant", ["content"] = bad }]))),
        ("ChatEncoding.EncodePrompt", bad => Tokenizer(tokenizer => FirstMessage().EncodePrompt(tokenizer, bad is null ? null! : [new JsonObject { ["content"] = bad }]))),
        ("TextTokenizer.FromFolder", bad => TextTokenizer.FromFolder(bad)),
        ("TextTokenizer.FromVocabulary", bad => TextTokenizer.FromVocabulary(bad)),
        ("TextTokenizer.Decode of nothing", bad => Tokenizer(tokenizer => tokenizer.Decode(bad is null ? null! : [5]))),
        ("TextTokenizer.EncodeAligned", bad => Tokenizer(tokenizer => tokenizer.EncodeAligned(bad, bad, new EncodingOptions { MaxLength = 5, Truncation = TruncationStrategy.OnlySecond }))),
        ("TextTokenizer.EncodeAllAligned", bad => Tokenizer(tokenizer => tokenizer.EncodeAllAligned(bad is null ? null! : [(bad, bad), ("a", bad)]))),
        ("TextTokenizer.Encode", bad => Tokenizer(tokenizer => tokenizer.Encode(bad, bad, 5))),
        ("TextTokenizer.EncodeAll", bad => Tokenizer(tokenizer => tokenizer.EncodeAll([(bad, bad), ("a", bad)]))),
        ("TextTokenizer.EncodeBatch", bad => Tokenizer(tokenizer => tokenizer.EncodeBatch(bad is null ? null! : [bad, ""]))),
        ("TextTokenizer.EncodePlain", bad => Tokenizer(tokenizer => tokenizer.EncodePlain(bad))),
        ("TextTokenizer.Pad", bad => Tokenizer(tokenizer => tokenizer.Pad(bad is null ? null! : []))),
        ("TextTokenizer.GetId", bad => Tokenizer(tokenizer => tokenizer.GetId(bad))),
    ];

    private static AdaLoraOptions Options => new() { InitialRank = 2, TargetRank = 1 };

    private static ChatTemplate FirstMessage() => ChatTemplate.Parse("{{ messages[0].content }}");

    public static void Tokenizer(Action<TextTokenizer> use) => Devices.InFolder(folder =>
    {
        File.WriteAllLines(Path.Combine(folder, "vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]);
        use(TextTokenizer.FromFolder(folder));
    });

    private static void Adapted(Action<Module, AdaLoraModel> use)
    {
        using var model = Sequential(("a", Linear(8, 8)));
        using var adapted = AdaLoraModel.Attach(model, Options);
        use(model, adapted);
    }

    // A request by a name that does not exist: documented for these, unexpected for all others.
    private static void LookUp(Action find)
    {
        try
        {
            find();
        }
        catch (KeyNotFoundException notFound) when (notFound.Message.Length > 0)
        {
            throw new InvalidOperationException(notFound.Message, notFound);
        }
    }

    private static void InSet(Action<AdapterSet> use)
    {
        using var set = new AdapterSet(Sequential(("a", Linear(8, 8))));
        use(set);
    }

    private static void InFile(Action<SafetensorsFile> use) => InCheckpoint(folder =>
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        use(file);
    });

    private static void InCheckpoint(Action<string> use) => Devices.InFolder(folder =>
    {
        Devices.Save(folder);
        use(folder);
    });
}
