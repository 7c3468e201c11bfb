using AdaLora.Injection;
using AdaLora.Targeting;
using Xunit;
using static TorchSharp.torch.nn;

namespace AdaLora.Tests.Injection;

public sealed class RefusalTests
{
    [Fact]
    public void One_exception_lists_every_place_that_cannot_hold_an_adapter()
    {
        using var model = new RefusingNet();
        var plan = AdapterInjector.Find(model, TargetModules.AllLinear);
        Assert.Equal(["_good"], plan.Sites.Select(site => site.Path));
        string[] expected =
        [
            "tuple: RefusingNet._tuple.Item1 is held by a ValueTuple<Module<Tensor, Tensor>, Int32>, where it cannot be replaced",
            "set: RefusingNet._set is held by a HashSet<Module<Tensor, Tensor>>, where it cannot be replaced",
            "immutable: RefusingNet._immutable[0] is held by a ImmutableArray<Module<Tensor, Tensor>>, where it cannot be replaced",
            "view: RefusingNet._view[0] is held by a ReadOnlyCollection<Module<Tensor, Tensor>>, where it cannot be replaced",
            "array: RefusingNet._array[0] is declared as Linear, which cannot hold an adapter",
            "matrix: RefusingNet._matrix is held by a Module[], where it cannot be replaced",
            "key: RefusingNet._keys[TorchSharp.Modules.Linear] is held by a Dictionary<Module, Int32>, where it cannot be replaced",
            "function: RefusingNet._function is held by a Func<Tensor, Tensor>, where it cannot be replaced",
            "hidden: is registered in a RefusingNet, but no field, list or dictionary of the model's modules holds it",
            "_sealed: RefusingNet._sealed is declared as Linear, which cannot hold an adapter",
            "_twice: RefusingNet._again is declared as Linear, which cannot hold an adapter",
            "_list.0: ModuleList<Linear>[0] is declared as Linear, which cannot hold an adapter",
            "_dict.a: ModuleDict<Linear>[0] is declared as Linear, which cannot hold an adapter",
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), plan.Refused.Select(site => site.ToString()).Order(StringComparer.Ordinal));

        var exception = Assert.Throws<InjectionException>(plan.GetSitesOrThrow);
        Assert.Equal(plan.Refused, exception.Refused);
        Assert.All(expected, line => Assert.Contains(line, exception.Message, StringComparison.Ordinal));
        Assert.Contains("13 targeted layers", exception.Message, StringComparison.Ordinal);
        Assert.Contains("torch.nn.Module<Tensor, Tensor>", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Excluding(", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refusal_says_where_the_obstacle_is_declared()
    {
        using var model = new RefusingNet();
        var refused = Assert.Single(AdapterInjector.Find(model, TargetModules.Suffixes("_sealed", "_good")).Refused);
        Assert.Equal(
            ("_sealed", typeof(RefusingNet), "_sealed", typeof(TorchSharp.Modules.Linear)),
            (refused.Path, refused.DeclaringType, refused.Member, refused.MemberType));
    }

    [Fact]
    public void Excluding_the_refused_layers_is_a_way_out()
    {
        using var model = new RefusingNet();
        var refused = AdapterInjector.Find(model, TargetModules.AllLinear).Refused.Select(site => site.Path).ToArray();
        var plan = AdapterInjector.Find(model, TargetModules.AllLinear.Excluding(refused).Excluding("_again"));
        Assert.Equal(["_good"], plan.GetSitesOrThrow().Select(site => site.Path));
    }

    [Fact]
    public void Layers_with_unfit_weights_are_refused()
    {
        using var model = new UnfitNet();
        var plan = AdapterInjector.Find(model, TargetModules.AllLinear);
        Assert.Equal(
            [
                "_cube: its weight has 3 dimensions (4 x 4 x 4) instead of 2",
                "_whole: its weight is of type Int64, which is not floating point: only a hook can add a product to what it computes",
                "_lying: its weight is 4 x 6, but its features require 6 x 4",
            ],
            plan.Refused.Select(site => site.ToString()));
        Assert.Equal("_good", Assert.Single(plan.Sites).Path);
    }

    [Fact]
    public void A_suffix_must_name_linear_layers_but_a_region_may_hold_anything()
    {
        using var model = new UnfitNet();
        Assert.Equal(
            "_norm: a LayerNorm is not a linear layer",
            Assert.Single(AdapterInjector.Find(model, TargetModules.Suffixes("_good", "_norm")).Refused).ToString());
        Assert.Empty(AdapterInjector.Find(model, TargetModules.Globs("_good", "_n*")).Refused);
        Assert.Empty(AdapterInjector.Find(model, TargetModules.Regex("_good|_norm")).Refused);
    }

    [Fact]
    public void Packed_weights_are_skipped_with_a_reason_unless_they_were_asked_for()
    {
        using var model = new PackedNet();
        var plan = AdapterInjector.Find(model, TargetModules.AllLinear);
        Assert.Empty(plan.Refused);
        Assert.Equal(["_attention", "_layer"], plan.Skipped.Select(site => site.Path));
        Assert.StartsWith("MultiheadAttention keeps its weights packed", plan.Skipped[0].Reason, StringComparison.Ordinal);
        Assert.Equal("_good", Assert.Single(plan.GetSitesOrThrow()).Path);

        foreach (var targets in new[] { TargetModules.Suffixes("_attention", "_good"), TargetModules.Globs("_*"), TargetModules.Regex("_(attention|layer|good)") })
        {
            var asked = AdapterInjector.Find(model, targets);
            Assert.Contains("_attention", asked.Refused.Select(site => site.Path));
            Assert.Empty(asked.Skipped);
            _ = Assert.Throws<InjectionException>(asked.GetSitesOrThrow);
        }
    }

    [Fact]
    public void The_model_itself_cannot_be_replaced()
    {
        using var model = Linear(4, 4);
        var refused = Assert.Single(AdapterInjector.Find(model, TargetModules.AllLinear).Refused);
        Assert.StartsWith("(the model itself): a layer can only be replaced in a module that holds it", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_layers_of_one_name_are_refused()
    {
        using var model = Sequential(("fc", Linear(4, 4)), ("fc", Linear(4, 4)), ("other", Linear(4, 4)));
        var plan = AdapterInjector.Find(model, TargetModules.AllLinear);
        Assert.Equal(["fc: another module has the same name", "fc: another module has the same name"], plan.Refused.Select(site => site.ToString()));
        Assert.Equal("other", Assert.Single(plan.Sites).Path);
    }

    [Fact]
    public void A_layer_carries_one_adapter()
    {
        using var model = Sequential(Linear(4, 4), Linear(4, 4));
        var injection = AdapterInjector.Inject(
            model, AdapterInjector.Find(model, TargetModules.Suffixes("0")).GetSitesOrThrow(), site => new Doubler(site.Layer));
        var plan = AdapterInjector.Find(model, TargetModules.AllLinear);
        Assert.Equal("0: already carries an adapter", Assert.Single(plan.Refused).ToString());
        Assert.Equal("1", Assert.Single(plan.Sites).Path);

        injection.Detach();
        Assert.Equal(2, AdapterInjector.Find(model, TargetModules.AllLinear).GetSitesOrThrow().Count);
    }

    [Fact]
    public void Targets_that_select_nothing_say_what_there_is()
    {
        using var model = new ContainersNet();
        var message = Assert.Throws<InjectionException>(() => AdapterInjector.Find(model, TargetModules.Suffixes("inner.fv"))).Message;
        Assert.Equal(
            """
            The targets (suffix 'inner.fv') select no linear layer of the model.
            Did you mean inner.fc?
            The model's linear layers: _list.0, _list.2.0, _list.2.2, _nested.0.a, _nested.0.b.inner.fc, _nested.1.a.
            """,
            message);
    }

    [Fact]
    public void At_most_twenty_layers_are_listed()
    {
        using var model = Sequential(Enumerable.Range(0, 25).Select(_ => (Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>)Linear(1, 1)).ToArray());
        var message = Assert.Throws<InjectionException>(() => AdapterInjector.Find(model, TargetModules.Globs("encoder.**"))).Message;
        Assert.Contains(" 18, 19 and 5 more.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Targets_that_select_only_other_modules_say_which()
    {
        using var model = new UnfitNet();
        var message = Assert.Throws<InjectionException>(() => AdapterInjector.Find(model, TargetModules.Globs("_no*"))).Message;
        Assert.Contains("They match, but are not linear layers: _norm (LayerNorm).", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Models_without_linear_layers_say_so_and_what_was_skipped()
    {
        using var model = MultiheadAttention(4, 2);
        var message = Assert.Throws<InjectionException>(() => AdapterInjector.Find(model, TargetModules.AllLinear)).Message;
        Assert.Contains("The model has no linear layers.", message, StringComparison.Ordinal);
        Assert.Contains("(the model itself): MultiheadAttention keeps", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Patterns_that_select_nothing_beside_others_are_told()
    {
        using var model = new UnfitNet();
        Assert.Equal(["suffix 'query'"], AdapterInjector.Find(model, TargetModules.Suffixes("_good", "query")).UnmatchedPatterns);
    }

    [Fact]
    public void Exclusions_that_match_no_module_are_told()
    {
        using var model = new UnfitNet();
        var targets = TargetModules.Suffixes("_good").Excluding("_god", "_cu*").Or(TargetModules.Suffixes("_good").And(TargetModules.AllLinear.Excluding("misspelt.*")));
        Assert.Equal(["suffix '_god'", "glob 'misspelt.*'"], AdapterInjector.Find(model, targets).UnmatchedExclusions);
    }
}
