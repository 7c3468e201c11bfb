using AdaLora.Adapters;
using AdaLora.Injection;
using AdaLora.Targeting;
using AdaLora.Tests.Injection;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using CsCheck;
using Microsoft.Extensions.Logging;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Tests;

/// <summary>A plan is what attaching then does, and planning changes nothing.</summary>
public sealed class PlanTests
{
    private static readonly Dictionary<string, Func<Module>> Models = new(StringComparer.Ordinal)
    {
        ["tiny"] = () => new TinyModel(),
        ["double precision"] = () => new TinyModel(ScalarType.Float64),
        ["fields"] = () => new FieldsNet(),
        ["containers"] = () => new ContainersNet(),
        ["derived containers"] = () => new DerivedContainersNet(),
        ["tied"] = () => new TiedNet(),
        ["refusing"] = () => new RefusingNet(),
        ["unfit"] = () => new UnfitNet(),
        ["packed"] = () => new PackedNet(),
        ["plain collections"] = () => new PlainCollectionsNet(),
        ["a layer"] = () => Linear(4, 4),
        ["nothing"] = () => Sequential(ReLU()),
        ["norms"] = () => Sequential(("first", Linear(4, 4)), ("norm", BatchNorm1d(4)), ("dropout", Dropout(0.1)), ("head", Linear(4, 2))),
        ["on two devices"] = () => Sequential(("first", Linear(4, 4)), ("head", Linear(4, 4, device: META))),
    };

    private static readonly Dictionary<string, AdaLoraOptions> Options = new(StringComparer.Ordinal)
    {
        ["defaults"] = new(),
        ["phases"] = new() { TotalSteps = 100, MaskInterval = 40 },
        ["a head"] = new() { TrainedModules = ["head"], Targets = TargetModules.AllLinear.Excluding("first", "none.*") },
        ["names"] = new()
        {
            Targets = TargetModules.Suffixes("0", "_good", "second", "query"),
            Overrides = ModuleOverrides.None.With("second", initialRank: 3, alpha: 0.5).With("third", alpha: 2),
            Alpha = 0
        },
        ["biases"] = new() { Biases = BiasTraining.All, Targets = TargetModules.Globs("*", "**.?"), InitialRank = 3, TargetBudget = 5 },
        ["a layer number"] = new() { Targets = TargetModules.AllLinear.InLayers(0..1), TrainedModules = ["_norm"] },
        ["replacing"] = new() { Attachment = AttachmentMethod.Replace },
        ["materialised"] = new() { Attachment = AttachmentMethod.Materialise, Dropout = 0.1, Targets = TargetModules.AllLinear.Excluding("head") },
        ["too large a budget"] = new() { InitialRank = 2, TargetRank = 4, TotalSteps = 10, TrainedModules = ["hed"] },
        ["numbers out of range"] = new() { InitialRank = -1, Dropout = 2, Biases = (BiasTraining)7 },
    };

    public static TheoryData<string, string> Cases => [.. Models.Keys.SelectMany(model => Options.Keys.Select(options => (model, options)))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void It_is_what_attaching_does(string model, string options)
    {
        using var scope = NewDisposeScope();
        Check(Models[model](), Options[options]);
    }

    [Fact]
    public void It_is_what_attaching_does_to_any_model() =>
        Gen.Select(ModelSpec.Gen, Gen.Int[0, Options.Count - 1]).Sample(
            (spec, which) =>
            {
                using var scope = NewDisposeScope();
                using var model = new RandomModel(spec).Module;
                Check(model, Options.Values.ElementAt(which));
            },
            iter: 100, threads: 1);

    [Fact]
    public void It_says_why_a_layer_is_left_out()
    {
        using var model = Sequential(("a", Linear(4, 4)), ("b", Linear(4, 4)), ("layer", Sequential(Linear(4, 4), Linear(4, 4))), ("head", Sequential(("out", Linear(4, 2)))));
        var plan = AdaLoraModel.Plan(model, new AdaLoraOptions { TrainedModules = ["head"], Targets = TargetModules.Suffixes("b").Or(TargetModules.AllLinear.InLayers(0)).Excluding("layer.7", "b") });

        Assert.Equal(["layer.0"], plan.Adapters.Select(adapter => adapter.Name));
        Assert.Equal(
            [
                ("a", "not targeted by suffix 'b', and not in layer 0"),
                ("b", "excluded by suffix 'b'"),
                ("layer.1", "not targeted by suffix 'b', and not in layer 0"),
                ("head.out", "trained in full as part of 'head'"),
            ],
            plan.NotAdapted.Select(module => (module.Name, module.Reason)));
        Assert.All(plan.NotAdapted, module => Assert.Equal(("Linear", false), (module.Kind, module.IsRefused)));
    }

    [Fact]
    public void It_lists_all_problems_at_once()
    {
        using var model = new RefusingNet();
        var problems = AdaLoraModel.Plan(model, new AdaLoraOptions { Dropout = 2, TrainedModules = ["nothing"], Overrides = null! }).Problems;
        Assert.Single(problems);
        problems = AdaLoraModel.Plan(model, new AdaLoraOptions { Dropout = 2, TrainedModules = ["nothing"], Attachment = AttachmentMethod.Replace }).Problems;
        Assert.Equal(3, problems.Count);
        Assert.Contains("Dropout is 2", problems[0], StringComparison.Ordinal);
        Assert.Contains("No module matches suffix 'nothing'", problems[1], StringComparison.Ordinal);
        Assert.Contains("_sealed: RefusingNet._sealed is declared as Linear", problems[2], StringComparison.Ordinal);
    }

    [Fact]
    public void It_prints_itself()
    {
        using var model = new TinyModel();
        var text = AdaLoraModel.Plan(model, new AdaLoraOptions { InitialRank = 3, TargetRank = 2, TrainedModules = ["head"] }).ToString();
        Assert.Equal(
            """
            adapted: 2 layers
              name    kind    out x in  rank  alpha  parameters  attached by
              first   Linear  16 x 8    3     32     75          Replace
              second  Linear  16 x 16   3     32     99          Replace
            not adapted: 1 module
              name  kind    out x in  why
              head  Linear  3 x 16    trained in full
            parameters: 467 in the model, of which 51 trained in full and 416 frozen
            adapters: 174 parameters at the start, 108 to 124 at the target budget of 4 triplets
            trained at the start: 35.101 %

            """,
            text);
    }

    private static void Check(Module model, AdaLoraOptions options)
    {
        var before = StateOf(model);
        var plan = AdaLoraModel.Plan(model, options);
        Assert.Equal(before, StateOf(model));
        Assert.NotEmpty(plan.ToString());

        var logger = new RecordingLogger();
        if (plan.Problems.Count > 0)
        {
            Assert.Equal(plan.Problems[0], Assert.ThrowsAny<Exception>(() => AdaLoraModel.Attach(model, options, logger)).Message);
            return;
        }

        var names = model.named_modules().Where(named => Projection.TryDescribe(named.module, out _)).Select(named => named.name).ToHashSet(StringComparer.Ordinal);
        var adapted = AdaLoraModel.Attach(model, options, logger);
        var (report, started) = (adapted.Report(), adapted.Adapters);
        Assert.Equal(
            started.Select(a => (a.Slot.Name, a.Slot.Shape.OutFeatures, a.Slot.Shape.InFeatures, a.Rank, a.Scale)),
            plan.Adapters.Select(a => (a.Name, a.OutFeatures, a.InFeatures, a.InitialRank, a.Scale)));
        Assert.Equal(logger.Entries.Where(entry => entry.Level == LogLevel.Warning).Select(entry => entry.Text.Trim()), plan.Warnings);
        Assert.Equal(adapted.TrainedInFull.Select(p => p.Name), plan.TrainedInFull);
        Assert.Equal(adapted.TargetBudget, plan.TargetBudget);
        Assert.Equal((report.Counts.Adapters, report.Counts.Trainable, report.Counts.Total),
            (plan.AdapterParameters, plan.AdapterParameters + plan.TrainedInFullParameters, plan.ModelParameters + plan.AdapterParameters));
        Assert.InRange(plan.MostTargetParameters, plan.LeastTargetParameters, plan.AdapterParameters);
        // Every linear layer is in one of the lists under one of its names, except those inside adapted ones.
        var listed = adapted.Sites.SelectMany(site => site.Aliases.Prepend(site.Path)).Concat(plan.NotAdapted.Select(module => module.Name)).ToHashSet(StringComparer.Ordinal);
        Assert.All(names, name => Assert.True(listed.Contains(name) || listed.Any(outer => ModuleNames.IsAtOrIn(name, outer)) || IsAlias(model, name, listed), name));
        _ = adapted.Detach();
        if (options.Targets == TargetModules.AllLinear && options.TrainedModules.Count == 0)
            Assert.All(plan.NotAdapted, module => Assert.DoesNotContain("targeted", module.Reason, StringComparison.Ordinal));
    }

    private static bool IsAlias(Module model, string name, IReadOnlySet<string> listed)
    {
        var modules = model.named_modules().ToLookup(named => named.name, named => named.module);
        return listed.Any(other => modules[other].Any(module => modules[name].Contains(module)));
    }

    private static List<string> StateOf(Module model) =>
    [
        .. model.named_modules().Append(("", model)).Select(named => $"{named.Item1} {System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(named.Item2)} {named.Item2.training}"),
        .. model.named_parameters().Select(own => $"{own.name} {own.parameter.Handle} {own.parameter.requires_grad}"),
        .. model.named_buffers().Select(own => $"{own.name} {own.buffer.Handle}"),
        Convert.ToHexString(get_rng_state().bytes),
    ];
}
