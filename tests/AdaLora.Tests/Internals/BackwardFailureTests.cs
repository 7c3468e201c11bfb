using AdaLora.Adapters.Dropout;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Internals;

/// <summary>Backward passes that cannot be computed. If they were handled wrongly, the test process would end.</summary>
public sealed class BackwardFailureTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0.2)]
    public void Weights_changed_between_the_passes_are_told_at_the_step_although_scopes_have_freed_what_was_between_the_layers(double dropout)
    {
        using var scope = NewDisposeScope();
        using var model = new ScopedLayers(ScalarType.Float32);
        using var adapted = Attach(model, dropout);
        var loss = model.call(rand(6, 8)).sum();
        using (no_grad())
            _ = adapted.TrainableParameters[0].add_(0.1);

        loss.backward();

        Assert.Contains("modified by an inplace operation", Assert.Throws<InvalidOperationException>(() => adapted.BeforeOptimizerStep()).Message, StringComparison.Ordinal);
        model.call(rand(6, 8)).sum().backward();
        adapted.BeforeOptimizerStep();
    }

    [Fact]
    public void So_are_merging_and_unmerging_between_the_passes()
    {
        using var scope = NewDisposeScope();
        using var model = new ScopedLayers(ScalarType.Float32);
        using var adapted = Attach(model, 0.2);
        using (no_grad())
            _ = adapted.TrainableParameters[0].uniform_(-0.1, 0.1);
        model.train();
        var loss = model.call(rand(6, 8)).sum();
        adapted.Dispose();
        loss.backward();
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    public void What_was_in_front_gets_zeros_of_its_own_form(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var model = new ScopedLayers(dtype);
        using var adapted = Attach(model, 0);
        var input = rand([2, 3, 8], dtype: dtype, requires_grad: true);
        var loss = model.call(input).sum();
        using (no_grad())
            _ = adapted.TrainableParameters[0].add_(0.1);

        loss.backward();

        Assert.Equal(zeros_like(input), input.grad!);
        Assert.Throws<InvalidOperationException>(() => adapted.BeforeOptimizerStep());
    }

    [Fact]
    public void A_failure_is_told_to_the_training_it_belongs_to_whatever_thread_that_runs_on()
    {
        using var scope = NewDisposeScope();
        using var failing = new ScopedLayers(ScalarType.Float32);
        using var other = new ScopedLayers(ScalarType.Float32);
        using var failingAdapted = Attach(failing, 0.2);
        using var otherAdapted = Attach(other, 0.2);
        var loss = failing.call(rand(6, 8)).sum();
        using (no_grad())
            _ = failingAdapted.TrainableParameters[0].add_(0.1);
        OnAnotherThread(() => loss.backward());

        other.call(rand(6, 8)).sum().backward();
        otherAdapted.BeforeOptimizerStep();
        OnAnotherThread(() => Assert.Throws<InvalidOperationException>(() => failing.call(rand(6, 8))));
        failing.call(rand(6, 8)).sum().backward();
        failingAdapted.BeforeOptimizerStep();
    }

    [Fact]
    public void Dropout_passes_zeros_on_where_nothing_comes_back()
    {
        using var scope = NewDisposeScope();
        var input = rand(40, requires_grad: true);
        Tensor loss;
        using (NewDisposeScope())
            loss = Nothing.apply(FastDropout.Apply(input.mul(input), 0.5)).sum().MoveToOuterDisposeScope();

        loss.backward();

        Assert.Equal(zeros_like(input), input.grad!);
    }

    private static AdaLoraModel Attach(nn.Module model, double dropout) =>
        AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 3, TargetRank = 2, Seed = 1, TotalSteps = 10, Dropout = dropout, ShareDropout = false });

    private static void OnAnotherThread(Action work)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(work));
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    /// <summary>Three layers that free what is between them, as encoders do.</summary>
    private sealed class ScopedLayers : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> _first;
        private readonly nn.Module<Tensor, Tensor> _second;
        private readonly nn.Module<Tensor, Tensor> _third;

        public ScopedLayers(ScalarType dtype)
            : base(nameof(ScopedLayers))
        {
            (_first, _second, _third) = (nn.Linear(8, 6, dtype: dtype), nn.Linear(6, 6, dtype: dtype), nn.Linear(6, 4, dtype: dtype));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            return _third.call(_second.call(_first.call(input).relu()).relu()).MoveToOuterDisposeScope();
        }
    }

    /// <summary>A custom function that has no gradient to return.</summary>
    private sealed class Nothing : autograd.SingleTensorFunction<Nothing>
    {
        public override string Name => nameof(Nothing);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => ((Tensor)vars[0]).clone();

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => [null!];
    }
}
